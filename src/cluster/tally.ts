import type { ReportedGpu } from '../protocol/reported-sample.ts';
import { countGpus, type GpuCounts, gpuUse } from '../report/gpu-use.ts';
import { freeMemoryBytes } from '../report/gpu-words.ts';
import type { NodeReport, NodeState } from '../report/node-report.ts';

/** What one node adds to the figures at the top of a page. */
export interface NodeTally extends GpuCounts {
  state: NodeState;
  /** Lost, or answering with an error, on a node that is live. */
  sick: number;
  /** Of its GPUs; null where none is known. */
  powerWatts: number | null;
  models: ModelTally[];
  machine: MachineTally;
}

/** What a node without GPUs is about, too. Logical cores. */
export interface MachineTally {
  cores: number;
  coresUsed: number;
  memoryBytes: number;
  memoryUsedBytes: number;
}

export interface ModelTally {
  /** Null where the driver does not tell it. */
  model: string | null;
  total: number;
  free: number;
  /** Unused memory of all GPUs of the model, whoever uses the rest. */
  freeBytes: number;
}

const noMachine: MachineTally = { cores: 0, coresUsed: 0, memoryBytes: 0, memoryUsedBytes: 0 };

/** MIG instances draw on their GPU's memory and power: only whole GPUs are added up. */
const isWhole = ({ parentIndex }: ReportedGpu) => parentIndex === null;

function tallyModels({ sample, marks }: NodeReport): ModelTally[] {
  const models = new Map<string | null, ModelTally>();
  for (const gpu of sample?.gpus?.filter(isWhole) ?? []) {
    const model = gpu.name;
    const known = models.get(model) ?? { model, total: 0, free: 0, freeBytes: 0 };
    const isFree = gpuUse(gpu, sample?.gpuProcesses ?? null, marks) === 'free';
    models.set(model, {
      model,
      total: known.total + 1,
      free: known.free + (isFree ? 1 : 0),
      freeBytes: known.freeBytes + (freeMemoryBytes(gpu) ?? 0),
    });
  }
  return [...models.values()];
}

/** Of what is known only: nobody's cores count as used by nobody. */
function tallyMachine({ hello, sample }: NodeReport): MachineTally {
  const cores = hello?.threads ?? null;
  const percent = sample?.cpu?.totalPercent ?? null;
  const total = sample?.memory?.totalBytes ?? null;
  const used = sample?.memory?.usedBytes ?? null;
  const knowsCpu = cores !== null && percent !== null;
  const knowsMemory = total !== null && used !== null;
  return {
    cores: knowsCpu ? cores : 0,
    coresUsed: knowsCpu ? (cores * percent) / 100 : 0,
    memoryBytes: knowsMemory ? total : 0,
    memoryUsedBytes: knowsMemory ? used : 0,
  };
}

/** Old figures count for nothing. */
export function tallyNode(node: NodeReport): NodeTally {
  const counts = { state: node.state, ...countGpus(node) };
  if (node.state !== 'live') return { ...counts, sick: 0, powerWatts: null, models: [], machine: noMachine };
  const gpus = node.sample?.gpus?.filter(isWhole) ?? [];
  const powers = gpus.flatMap(({ powerWatts }) => powerWatts ?? []);
  return {
    ...counts,
    sick: gpus.filter(({ health }) => health !== 'ok').length,
    powerWatts: powers.length === 0 ? null : powers.reduce((sum, watts) => sum + watts, 0),
    models: tallyModels(node),
    machine: tallyMachine(node),
  };
}
