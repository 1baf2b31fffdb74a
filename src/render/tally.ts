import type { MachineTally, ModelTally, NodeTally } from '../cluster/tally.ts';
import { DASH, formatBytes, formatBytesOf } from '../lib/format.ts';
import type { NodeState } from '../report/node-report.ts';

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
  const models = new Map<string | null, ModelTally>();
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
    .map(({ model, ...rest }) => ({ model: model ?? DASH, ...rest }))
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
