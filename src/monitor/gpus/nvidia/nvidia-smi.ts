import type { Leash } from '../../leash.ts';
import type { System } from '../../system.ts';
import type { GpuProvider } from '../provider.ts';
import { listNvidiaGpus } from './nvidia-proc.ts';
import { type RunningSmi, startSmi } from './smi/running-smi.ts';

/** NVIDIA's own tool kept running in loop mode: one query for the GPUs, one for their processes, `pmon`. */
export function createNvidiaSmiProvider(system: System, leash: Leash): GpuProvider {
  const program = system.findProgram('nvidia-smi');
  let running: RunningSmi | null = null;

  const hasGpus = () => listNvidiaGpus(system).length > 0;
  const missingToolError = () =>
    hasGpus() ? 'the NVIDIA driver is loaded, but nvidia-smi is not installed' : null;

  return {
    vendor: 'NVIDIA',
    isPresent: () => program !== null || hasGpus(),
    start(ms) {
      if (program !== null) running = startSmi({ system, leash, program }, ms);
    },
    setInterval: (ms, watched) => running?.setInterval(ms, watched),
    read: () =>
      running?.read() ?? { known: true, facts: [], gpus: [], processes: [], error: missingToolError() },
    stop: () => running?.stop(),
  };
}
