import { DASH, formatBytes } from '../lib/format.ts';
import { countGpus, type GpuCounts, gpuUse } from '../protocol/gpu-use.ts';
import type { NodeReport, NodeState, ReportedGpu } from '../protocol/node.ts';

/** What one node adds to the figures at the top of a page. */
export interface NodeTally extends GpuCounts {
  state: NodeState;
  /** Lost, or answering with an error, on a node that is live. */
  sick: number;
  /** Of its GPUs; null where none is known. */
  powerWatts: number | null;
  models: ModelTally[];
}

export interface ModelTally {
  model: string;
  total: number;
  free: number;
  /** Unused memory of all GPUs of the model, whoever uses the rest. */
  freeBytes: number;
}

export const noTally: NodeTally = {
  state: 'connecting',
  total: 0,
  free: 0,
  busy: 0,
  heldIdle: 0,
  out: 0,
  sick: 0,
  powerWatts: null,
  models: [],
};

function freeBytesOf({ memoryFreeBytes, memoryTotalBytes, memoryUsedBytes }: ReportedGpu): number {
  if (memoryFreeBytes !== null) return memoryFreeBytes;
  if (memoryTotalBytes === null || memoryUsedBytes === null) return 0;
  return Math.max(0, memoryTotalBytes - memoryUsedBytes);
}

/** MIG instances draw on their GPU's memory and power: only whole GPUs are added up. */
const isWhole = ({ parentIndex }: ReportedGpu) => parentIndex === null;

function tallyModels({ sample, marks }: NodeReport): ModelTally[] {
  const models = new Map<string, ModelTally>();
  for (const gpu of sample?.gpus?.filter(isWhole) ?? []) {
    const model = gpu.name ?? DASH;
    const known = models.get(model) ?? { model, total: 0, free: 0, freeBytes: 0 };
    const isFree = gpuUse(gpu, sample?.gpuProcesses ?? null, marks) === 'free';
    models.set(model, {
      model,
      total: known.total + 1,
      free: known.free + (isFree ? 1 : 0),
      freeBytes: known.freeBytes + (gpu.health === 'ok' ? freeBytesOf(gpu) : 0),
    });
  }
  return [...models.values()];
}

/** Old figures count for nothing. */
export function tallyNode(node: NodeReport): NodeTally {
  const counts = { state: node.state, ...countGpus(node) };
  if (node.state !== 'live') return { ...counts, sick: 0, powerWatts: null, models: [] };
  const gpus = node.sample?.gpus?.filter(isWhole) ?? [];
  const powers = gpus.flatMap(({ powerWatts }) => powerWatts ?? []);
  return {
    ...counts,
    sick: gpus.filter(({ health }) => health !== 'ok').length,
    powerWatts: powers.length === 0 ? null : powers.reduce((sum, watts) => sum + watts, 0),
    models: tallyModels(node),
  };
}

/** All nodes together. */
export interface ClusterTally {
  nodeCount: number;
  liveNodes: number;
  /** Neither live, nor on their way, nor switched off. */
  downNodes: number;
  gpuCount: number;
  gpusFree: number;
  gpusBusy: number;
  gpusHeldIdle: number;
  gpusInUse: number;
  gpusSick: number;
  /** Sick, or on a node that is not live. */
  gpusOut: number;
  /** `3.2 kW`. */
  power: string;
  models: ModelView[];
}

export interface ModelView {
  model: string;
  total: number;
  free: number;
  freeMemory: string;
}

const formatPower = (watts: number) =>
  watts < 1000 ? `${Math.round(watts)} W` : `${(watts / 1000).toFixed(1)} kW`;

function addModels(nodes: readonly NodeTally[]): ModelView[] {
  const models = new Map<string, ModelTally>();
  for (const { model, total, free, freeBytes } of nodes.flatMap((node) => node.models)) {
    const known = models.get(model) ?? { model, total: 0, free: 0, freeBytes: 0 };
    models.set(model, {
      model,
      total: known.total + total,
      free: known.free + free,
      freeBytes: known.freeBytes + freeBytes,
    });
  }
  return [...models.values()]
    .sort((a, b) => b.total - a.total || (a.model < b.model ? -1 : 1))
    .map(({ model, total, free, freeBytes }) => ({ model, total, free, freeMemory: formatBytes(freeBytes) }));
}

/** Adds up what the nodes' reports come to. Pure. */
export function tallyCluster(given: Iterable<NodeTally>): ClusterTally {
  const nodes = [...given];
  const sum = (of: (node: NodeTally) => number) => nodes.reduce((total, node) => total + of(node), 0);
  const powers = nodes.flatMap(({ powerWatts }) => powerWatts ?? []);
  const is = (states: readonly NodeState[]) => (node: NodeTally) => (states.includes(node.state) ? 1 : 0);
  return {
    nodeCount: nodes.length,
    liveNodes: sum(is(['live'])),
    downNodes: sum(is(['stale', 'unreachable'])),
    gpuCount: sum(({ total }) => total),
    gpusFree: sum(({ free }) => free),
    gpusBusy: sum(({ busy }) => busy),
    gpusHeldIdle: sum(({ heldIdle }) => heldIdle),
    gpusInUse: sum(({ busy, heldIdle }) => busy + heldIdle),
    gpusSick: sum(({ sick }) => sick),
    gpusOut: sum(({ out }) => out),
    power: powers.length === 0 ? DASH : formatPower(powers.reduce((total, watts) => total + watts, 0)),
    models: addModels(nodes),
  };
}
