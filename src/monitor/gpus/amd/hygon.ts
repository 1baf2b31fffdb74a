import type { Leash } from '../../leash.ts';
import type { System } from '../../system.ts';
import type { GpuProvider } from '../provider.ts';
import { createRunsProvider } from '../tools/runs-provider.ts';
import { rocmSmiQuestions } from './amd.ts';

/** Hygon's DCUs: `hy-smi` is a fork of `rocm-smi` with a few names and units of its own. */
export function createHygonProvider(system: System, leash: Leash): GpuProvider {
  return createRunsProvider({
    system,
    leash,
    vendor: 'Hygon',
    tool: 'hy-smi',
    program: system.findProgram('hy-smi'),
    remedy: 'try `hy-smi --json` on the node',
    pciVendors: ['0x1d94'],
    questions: rocmSmiQuestions('Hygon', [
      '--showid',
      '--showuniqueid',
      '--showserial',
      '--showproductname',
      '--showuse',
      '--showmeminfo',
      'vram',
      '--showtemp',
      '--showpower',
      '--json',
    ]),
  });
}
