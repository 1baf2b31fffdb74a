import { DASH, formatBytes, formatBytesOf } from '../lib/format.ts';
import type { ReportedGpu } from '../protocol/reported-sample.ts';
import { countGpus, type GpuCounts, gpuUse } from '../report/gpu-use.ts';
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
  model: string;
  total: number;
  free: number;
  /** Unused memory of all GPUs of the model, whoever uses the rest. */
  freeBytes: number;
}

const noMachine: MachineTally = { cores: 0, coresUsed: 0, memoryBytes: 0, memoryUsedBytes: 0 };

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

/** All nodes together. */
export interface ClusterTally {
  nodeCount: number;
  liveNodes: number;
  connectingNodes: number;
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
  /** `192`, of all nodes that are live; null where none tells. */
  cores: string | null;
  /** `18.2` of these. */
  cpuUsed: string;
  /** `0.9 of 2.2 TiB`. */
  ramUsed: string;
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

function addMachines(nodes: readonly NodeTally[]): Pick<ClusterTally, 'cores' | 'cpuUsed' | 'ramUsed'> {
  const sum = (of: (machine: MachineTally) => number) =>
    nodes.reduce((total, { machine }) => total + of(machine), 0);
  const cores = sum((machine) => machine.cores);
  return {
    cores: cores === 0 ? null : cores.toLocaleString('en-US'),
    cpuUsed: sum((machine) => machine.coresUsed).toFixed(1),
    ramUsed: formatBytesOf(
      sum((machine) => machine.memoryUsedBytes),
      sum((machine) => machine.memoryBytes),
    ),
  };
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
    connectingNodes: sum(is(['connecting'])),
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
    ...addMachines(nodes),
  };
}
