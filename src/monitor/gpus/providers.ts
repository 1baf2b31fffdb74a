import type { GpuFacts } from '../../protocol/gpu-facts.ts';
import type { Leash } from '../leash.ts';
import type { System } from '../system.ts';
import { createAmdProvider } from './amd/amd.ts';
import { createHygonProvider } from './amd/hygon.ts';
import { createAscendProvider } from './ascend/ascend.ts';
import { createHabanaProvider } from './habana/habana.ts';
import { createIntelProvider } from './intel/intel.ts';
import { createJetsonProvider } from './jetson/jetson.ts';
import { filled } from './kernel/kernel-rows.ts';
import type { GpuProvider, GpuReading } from './provider.ts';

/**
 * Every vendor, in the order of their rows on a node that has several. NVIDIA comes first: the rows of its
 * MIG instances have places that are counted from its own GPUs' indexes.
 */
export function createGpuProviders(system: System, leash: Leash, nvidia: GpuProvider): GpuProvider[] {
  const jetson = createJetsonProvider(system, leash);
  const isJetson = jetson.isPresent();
  return [
    isJetson ? withoutIntegrated(nvidia) : nvidia,
    isJetson ? withDriver(jetson, nvidia) : jetson,
    createAmdProvider(system, leash),
    createIntelProvider(system, leash),
    createHabanaProvider(system, leash),
    createAscendProvider(system, leash),
    createHygonProvider(system, leash),
  ];
}

/** Newer Jetsons have `nvidia-smi` too, which tells of the GPU that `tegrastats` tells: it shows once. */
export function withoutIntegrated(provider: GpuProvider): GpuProvider {
  return { ...provider, read: () => onlyCards(provider.read()) };
}

const INTEGRATED = /\b(?:nvgpu|Tegra|Orin|Xavier|Thor)\b/i;

const isIntegrated = ({ name }: GpuFacts) => INTEGRATED.test(name ?? '');

function onlyCards(reading: GpuReading): GpuReading {
  const dropped = new Set(reading.facts.filter(isIntegrated).map(({ index }) => index));
  if (dropped.size === 0) return reading;
  const facts = reading.facts.filter(({ index }) => !dropped.has(index));
  return {
    known: reading.known,
    facts,
    gpus: reading.gpus.filter(({ index }) => !dropped.has(index)),
    processes: reading.processes.filter(({ gpuIndex }) => !dropped.has(gpuIndex)),
    // What it cannot tell of the integrated GPU is no fault of the node.
    error: facts.length === 0 ? null : reading.error,
  };
}

/**
 * A Jetson's GPU with what NVIDIA's driver adds to it: nothing up to Orin, while on Thor only the driver knows its load
 * and its processes.
 */
export function withDriver(jetson: GpuProvider, nvidia: GpuProvider): GpuProvider {
  return { ...jetson, read: () => completed(jetson.read(), nvidia.read()) };
}

function completed(board: GpuReading, driver: GpuReading): GpuReading {
  const facts = driver.facts.find(isIntegrated);
  const sample = driver.gpus.find(({ index, health }) => index === facts?.index && health === 'ok');
  if (!facts || !sample) return board;
  const [boardFacts = facts] = board.facts;
  const [boardSample = sample] = board.gpus;
  return {
    ...board,
    facts: [{ ...filled(boardFacts, facts), index: 0 }],
    gpus: [{ ...filled(boardSample.health === 'ok' ? boardSample : sample, sample), index: 0 }],
    processes: driver.processes
      .filter(({ gpuIndex }) => gpuIndex === facts.index)
      .map((row) => ({ ...row, gpuIndex: 0 })),
  };
}
