import { commonest } from '../lib/commonest.ts';
import { groupBy } from '../lib/group-by.ts';
import { clusterJobKey } from '../protocol/job-kinds.ts';
import type { ReportedGpu, ReportedGpuProcess, ReportedJob } from '../protocol/reported-sample.ts';
import { allocatedJobs, commandOf, gpusOfJob } from '../report/job-gpus.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterJob } from '../report/rows.ts';
import { createMergedRows } from './merged-rows.ts';

/** Jobs of all nodes as rows. */

const sum = (values: readonly (number | null)[]): number | null =>
  values.reduce((total, value) => (value === null ? total : (total ?? 0) + value), null);

/** A job's share of one node, and what its mean utilization is made of. */
export interface JobShare extends Omit<ClusterJob, 'nodes'> {
  node: string;
  utilizations: number[];
}

/** What one node has of jobs. `nowMs`: the head's clock, epoch ms. Pure. */
export function jobSharesOf(node: NodeReport, nowMs: number): JobShare[] {
  if (node.state === 'disabled') return [];
  const processes = node.sample?.gpuProcesses ?? [];
  const byJob = groupBy(processes, ({ job }) => job);
  const byGpu = groupBy(processes, ({ gpuIndex }) => gpuIndex);
  const busyByJob = groupBy(node.sample?.topProcesses ?? [], ({ job }) => job);
  const told = new Set<string>();
  const shares: JobShare[] = [];
  for (const job of node.sample?.jobs ?? []) {
    told.add(clusterJobKey(node.name, job));
    const own = byJob.get(job.key) ?? [];
    const command = commandOf(own, busyByJob.get(job.key) ?? []);
    shares.push({ ...shareHere(node, job, own, byGpu, nowMs), command });
  }
  for (const job of allocatedJobs(node))
    if (!told.has(clusterJobKey(node.name, job))) shares.push(shareHere(node, job, [], byGpu, nowMs));
  return shares;
}

/** Jobs with most GPUs first, then with most CPU. */
const byWeight = (a: ClusterJob, b: ClusterJob) =>
  b.gpus.length - a.gpus.length || (b.cpuPercent ?? 0) - (a.cpuPercent ?? 0) || (a.key < b.key ? -1 : 1);

/** Puts shares together, and makes only those jobs anew of which a share is another one than the last time. */
export function createJobTable(): (shares: readonly JobShare[]) => ClusterJob[] {
  return createMergedRows(
    ({ key }: JobShare) => key,
    (shares) => byOwner(shares).map(mergeShares),
    byWeight,
  );
}

/**
 * Shares of the same key by their users. Those of nodes that do not know the user belong to the one whom most nodes
 * name: a node that says another one has a job of its own, and changes nobody else's.
 */
function byOwner(shares: JobShare[]): JobShare[][] {
  const groups = groupBy(shares, ({ user }) => user);
  const nobodys = groups.get(null);
  const owner = commonest(shares.map(({ user }) => user));
  if (nobodys === undefined || owner === null) return [...groups.values()];
  groups.delete(null);
  groups.get(owner)?.push(...nobodys);
  return [...groups.values()];
}

type ProcessesByGpu = ReadonlyMap<number, readonly ReportedGpuProcess[]>;

function shareHere(
  { name: node, state, hello, sample, sampleAgeMs }: NodeReport,
  job: ReportedJob,
  processes: readonly ReportedGpuProcess[],
  byGpu: ProcessesByGpu,
  nowMs: number,
): JobShare {
  const key = clusterJobKey(node, job);
  const gpus = gpusOfJob(sample?.gpus ?? [], { key, kind: job.kind }, processes);
  // Both by the node's clock, whatever that says.
  const ageMs =
    job.startTimeMs === null || !sample?.takenAtMs
      ? null
      : Math.max(0, sample.takenAtMs - job.startTimeMs + (sampleAgeMs ?? 0));
  return {
    key,
    kind: job.kind,
    id: job.id,
    name: job.name,
    user: job.user,
    node,
    gpus: gpus.map(({ index, uuid, name }) => ({ node, index, uuid, name })),
    gpuMemoryBytes: sum(processes.map(({ gpuMemoryBytes }) => gpuMemoryBytes)),
    gpuUtilizationPercent: null,
    utilizations: gpus.flatMap((gpu) => shareOf(gpu, processes, byGpu) ?? []),
    cpuPercent: job.cpuPercent,
    coreCount: hello?.threads ?? null,
    residentBytes: job.residentBytes,
    processCount: job.processCount,
    command: null,
    startTimeMs: ageMs === null ? null : nowMs - ageMs,
    ageMs,
    isCurrent: state === 'live',
  };
}

/** Of a GPU that is shared with others, what its own processes use, where that is told. */
function shareOf(gpu: ReportedGpu, own: readonly ReportedGpuProcess[], byGpu: ProcessesByGpu): number | null {
  const here = own.filter(({ gpuIndex }) => gpuIndex === gpu.index);
  const isShared = (byGpu.get(gpu.index)?.length ?? 0) > here.length;
  if (!isShared) return gpu.utilizationPercent;
  const told = here.map(({ gpuUtilizationPercent }) => gpuUtilizationPercent);
  if (told.includes(null)) return gpu.utilizationPercent;
  return Math.min(
    100,
    told.reduce<number>((total, value) => total + (value ?? 0), 0),
  );
}

/** What one node says twice counts once. */
function distinctBy<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()];
}

/** Of all its nodes; null where one of them does not tell. */
function coresOf(shares: readonly JobShare[]): number | null {
  const counts = distinctBy(shares, ({ node }) => node).map(({ coreCount }) => coreCount);
  return counts.includes(null) ? null : sum(counts);
}

/** Its name is what most of its nodes call it: one node alone renames no job of others. */
function mergeShares(shares: JobShare[]): ClusterJob {
  const [first] = shares;
  if (first === undefined) throw new Error('a job without a share');
  const { node: _node, utilizations: _utilizations, ...job } = first;
  const votes = distinctBy(
    shares.filter(({ name }) => name !== null),
    ({ node }) => node,
  );
  // An element of an array is shown as its array's once most nodes have learned that.
  const ids = distinctBy(shares, ({ node }) => node);
  const oldest = shares.reduce((a, b) => ((b.ageMs ?? -1) > (a.ageMs ?? -1) ? b : a));
  return {
    ...job,
    id: commonest(ids.map(({ id }) => id)) ?? job.id,
    name: commonest(votes.map(({ name }) => name)),
    user: commonest(shares.map(({ user }) => user)),
    nodes: [...new Set(shares.map(({ node }) => node))],
    gpus: distinctBy(
      shares.flatMap(({ gpus }) => gpus),
      ({ node, index }) => `${index} ${node}`,
    ),
    gpuMemoryBytes: sum(shares.map(({ gpuMemoryBytes }) => gpuMemoryBytes)),
    gpuUtilizationPercent: meanOf(shares.flatMap(({ utilizations }) => utilizations)),
    cpuPercent: sum(shares.map(({ cpuPercent }) => cpuPercent)),
    coreCount: coresOf(shares),
    residentBytes: sum(shares.map(({ residentBytes }) => residentBytes)),
    processCount: sum(shares.map(({ processCount }) => processCount)),
    command: shares.find(({ command }) => command !== null)?.command ?? null,
    startTimeMs: oldest.startTimeMs,
    ageMs: oldest.ageMs,
    isCurrent: shares.every(({ isCurrent }) => isCurrent),
  };
}

function meanOf(utilizations: readonly number[]): number | null {
  if (utilizations.length === 0) return null;
  const mean = utilizations.reduce((total, value) => total + value, 0) / utilizations.length;
  return Math.round(mean * 10) / 10;
}
