import type { RowKind } from '../lib/row-kinds.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser } from '../report/rows.ts';
import { availableBytes, factOfRow, factsOf, freeBytes, type GpuFact, jobKeyOf, userOf } from './facts.ts';
import { type Field, fields, isNumberField } from './fields.ts';
import { countFree } from './scene.ts';

/** By what rows can be sorted and grouped. */

/** The rows of each kind. */
export interface RowsByKind {
  nodes: NodeReport;
  gpus: ClusterGpu;
  jobs: ClusterJob;
  users: ClusterUser;
}

export type SortValue = string | number | null;
/** What a row belongs to; nothing for a row without it. */
export type Titles = readonly (string | null)[];

export interface RowOrders<Row> {
  sort: Readonly<Record<string, (row: Row) => SortValue>>;
  /** `nodeOf` finds the node of a name. */
  group: Readonly<Record<string, (row: Row, nodeOf: (name: string) => NodeReport | undefined) => Titles>>;
}

const told = (values: readonly (number | null)[]) => values.flatMap((value) => value ?? []);

function most(values: readonly (number | null)[]): number | null {
  return told(values).reduce<number | null>((a, b) => (a === null ? b : Math.max(a, b)), null);
}

function total(values: readonly (number | null)[]): number | null {
  return told(values).reduce<number | null>((a, b) => (a ?? 0) + b, null);
}

function mean(values: readonly (number | null)[]): number | null {
  const all = told(values);
  const sum = total(all);
  return sum === null ? null : sum / all.length;
}

const gpusOf = (node: NodeReport): readonly GpuFact[] => factsOf(node).gpus();
const figuresOf = <Value>(node: NodeReport, read: (fact: GpuFact) => Value) => gpusOf(node).map(read);

const modelsOf = (gpus: readonly { name: string | null }[]) => gpus.map(({ name }) => name);
const onGpus = (node: NodeReport) =>
  factsOf(node)
    .things()
    .filter(({ onGpu }) => onGpu !== null);

type NodeOf = (name: string) => NodeReport | undefined;
const tagsOf = (names: readonly string[], nodeOf: NodeOf) =>
  names.flatMap((name) => nodeOf(name)?.tags ?? []);
const statesOf = (names: readonly string[], nodeOf: NodeOf) =>
  names.map((name) => nodeOf(name)?.state ?? null);

const shareOf = (part: number | null, whole: number | null) =>
  part === null || whole === null || whole <= 0 ? null : part / whole;

const nodeColumns: RowOrders<NodeReport> = {
  sort: {
    node: ({ name }) => name,
    state: ({ state }) => state,
    model: (node) => gpusOf(node)[0]?.gpu.name ?? null,
    gpus: (node) => (node.sample?.gpus || node.hello?.gpus ? gpusOf(node).length : null),
    free: (node) => countFree(factsOf(node), () => true),
    util: (node) => mean(figuresOf(node, ({ gpu }) => gpu.utilizationPercent)),
    mem: (node) => total(figuresOf(node, freeBytes)),
    temp: (node) => most(figuresOf(node, ({ gpu }) => gpu.temperatureCelsius)),
    power: (node) => total(figuresOf(node, ({ gpu }) => gpu.powerWatts)),
    cpu: ({ sample }) => sample?.cpu?.totalPercent ?? null,
    ram: availableBytes,
    ramused: ({ sample }) => shareOf(sample?.memory?.usedBytes ?? null, sample?.memory?.totalBytes ?? null),
    load: ({ sample }) => sample?.cpu?.load1 ?? null,
  },
  group: {
    model: (node) => modelsOf(gpusOf(node).map(({ gpu }) => gpu)),
    user: (node) => onGpus(node).map(userOf),
    job: (node) => onGpus(node).map(jobKeyOf),
    tag: ({ tags }) => tags,
    state: ({ state }) => [state],
  },
};

/** What a search can compare of one GPU, rows can be sorted by. */
function sortOfGpu({ name, kind, ofGpu }: Field): [string, (row: ClusterGpu) => SortValue][] {
  if (ofGpu === undefined || !isNumberField(kind)) return [];
  const read = (row: ClusterGpu) => {
    const reading = ofGpu(factOfRow(row));
    return typeof reading === 'number' ? reading : null;
  };
  return [[name, read]];
}

const gpuColumns: RowOrders<ClusterGpu> = {
  sort: {
    node: ({ node }) => node,
    model: ({ name }) => name,
    state: ({ state }) => state,
    use: ({ use }) => use,
    user: ({ users }) => users[0] ?? null,
    job: ({ jobs }) => jobs[0] ?? null,
    ...Object.fromEntries(fields.flatMap(sortOfGpu)),
  },
  group: {
    node: ({ node }) => [node],
    model: ({ name }) => [name],
    user: ({ users }) => users,
    job: ({ jobs }) => jobs,
    tag: ({ node }, nodeOf) => tagsOf([node], nodeOf),
    state: ({ state }) => [state],
    use: ({ use }) => [use],
  },
};

const jobColumns: RowOrders<ClusterJob> = {
  sort: {
    job: ({ id }) => id,
    name: ({ name }) => name,
    kind: ({ kind }) => kind,
    user: ({ user }) => user,
    node: ({ nodes }) => nodes[0] ?? null,
    gpus: ({ gpus }) => gpus.length,
    mem: ({ gpuMemoryBytes }) => gpuMemoryBytes,
    util: ({ gpuUtilizationPercent }) => gpuUtilizationPercent,
    cpu: ({ cpuPercent }) => cpuPercent,
    ram: ({ residentBytes }) => residentBytes,
    age: ({ ageMs }) => ageMs,
  },
  group: {
    node: ({ nodes }) => nodes,
    model: ({ gpus }) => modelsOf(gpus),
    user: ({ user }) => [user],
    kind: ({ kind }) => [kind],
    tag: ({ nodes }, nodeOf) => tagsOf(nodes, nodeOf),
    state: ({ nodes }, nodeOf) => statesOf(nodes, nodeOf),
  },
};

const userColumns: RowOrders<ClusterUser> = {
  sort: {
    user: ({ user }) => user,
    gpus: ({ gpuCount }) => gpuCount,
    idle: ({ heldIdleCount }) => heldIdleCount,
    mem: ({ gpuMemoryBytes }) => gpuMemoryBytes,
    util: ({ gpuUtilizationPercent }) => gpuUtilizationPercent,
    cpu: ({ cpuPercent }) => cpuPercent,
    ram: ({ residentBytes }) => residentBytes,
    jobs: ({ jobs }) => jobs.length,
    nodes: ({ nodes }) => nodes.length,
  },
  group: {
    node: ({ nodes }) => nodes,
    model: ({ gpus }) => modelsOf(gpus),
    job: ({ jobs }) => jobs,
    tag: ({ nodes }, nodeOf) => tagsOf(nodes, nodeOf),
    state: ({ nodes }, nodeOf) => statesOf(nodes, nodeOf),
  },
};

export const columns: { [Kind in RowKind]: RowOrders<RowsByKind[Kind]> } = {
  nodes: nodeColumns,
  gpus: gpuColumns,
  jobs: jobColumns,
  users: userColumns,
};

/** What rows of the kind can be sorted by, without the minus. */
export const sortNames = (kind: RowKind): string[] => Object.keys(columns[kind].sort);
/** What rows of the kind can be grouped by. */
export const groupNames = (kind: RowKind): string[] => Object.keys(columns[kind].group);
