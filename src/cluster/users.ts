import { groupBy } from '../lib/group-by.ts';
import type { ReportedGpu, ReportedGpuProcess, ReportedJob } from '../protocol/reported-sample.ts';
import { takesGpu } from '../report/gpu-holding.ts';
import { gpuUses } from '../report/gpu-use.ts';
import { isMuchLoad } from '../report/much-load.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterJob, ClusterUser, GpuPlace } from '../report/rows.ts';
import { createMergedRows } from './merged-rows.ts';

/** Who holds what now, as rows. */

const sum = (values: readonly (number | null)[]): number | null =>
  values.reduce((total, value) => (value === null ? total : (total ?? 0) + value), null);

/** What one user has on one node. */
export interface UserShare {
  user: string;
  node: string;
  isLive: boolean;
  gpus: ReportedGpu[];
  heldIdleCount: number;
  gpuMemoryBytes: number | null;
  cpuPercent: number | null;
  coreCount: number | null;
  residentBytes: number | null;
  processCount: number | null;
}

/** One process on several GPUs has a row for each, with the same figures of its own. */
function distinctProcesses(rows: readonly ReportedGpuProcess[]): ReportedGpuProcess[] {
  return [...new Map(rows.map((row) => [row.pid, row])).values()];
}

/** What one node has of each user. Pure. */
export function userSharesOf(node: NodeReport): UserShare[] {
  const { sample } = node;
  const shares: UserShare[] = [];
  if (!sample || node.state === 'disabled') return shares;
  // Dear, and without a mark no GPU is held idle.
  const uses = node.marks.some(({ code }) => code === 'held-idle') ? gpuUses(node) : null;
  const processes = groupBy(sample.gpuProcesses ?? [], ({ user }) => user);
  const jobs = groupBy(sample.jobs ?? [], ({ user }) => user);
  const gpus = new Map((sample.gpus ?? []).map((gpu) => [gpu.index, gpu]));
  const allocated = groupBy(sample.gpus ?? [], ({ allocation }) => allocation?.user ?? null);
  for (const user of new Set([...processes.keys(), ...jobs.keys(), ...allocated.keys()])) {
    if (user === null) continue;
    const own = processes.get(user) ?? [];
    const held = new Set(own.filter(takesGpu).map(({ gpuIndex }) => gpuIndex));
    for (const { index } of allocated.get(user) ?? []) held.add(index);
    shares.push({
      user,
      node: node.name,
      isLive: node.state === 'live',
      gpus: [...held].sort((a, b) => a - b).flatMap((index) => gpus.get(index) ?? []),
      heldIdleCount: [...held].filter((index) => uses?.get(index) === 'held-idle').length,
      gpuMemoryBytes: sum(own.map(({ gpuMemoryBytes }) => gpuMemoryBytes)),
      coreCount: node.hello?.threads ?? null,
      ...loadOf(jobs.get(user), own),
    });
  }
  return shares;
}

/** Jobs hold all processes; where a node tells none, those on GPUs with their descendants are what is known. */
function loadOf(
  jobs: readonly ReportedJob[] | undefined,
  processes: readonly ReportedGpuProcess[],
): Pick<UserShare, 'cpuPercent' | 'residentBytes' | 'processCount'> {
  if (jobs) {
    return {
      cpuPercent: sum(jobs.map(({ cpuPercent }) => cpuPercent)),
      residentBytes: sum(jobs.map(({ residentBytes }) => residentBytes)),
      processCount: sum(jobs.map(({ processCount }) => processCount)),
    };
  }
  const singles = distinctProcesses(processes);
  return {
    cpuPercent: sum(singles.map(({ treeCpuPercent }) => treeCpuPercent)),
    residentBytes: sum(singles.map(({ treeResidentBytes }) => treeResidentBytes)),
    processCount: singles.length,
  };
}

function isNotable({ gpus, cpuPercent, residentBytes }: UserShare): boolean {
  return gpus.length > 0 || isMuchLoad({ cpuPercent, residentBytes });
}

function meanUtilization(gpus: readonly ReportedGpu[]): number | null {
  const told = gpus.flatMap(({ utilizationPercent }) => utilizationPercent ?? []);
  const total = sum(told);
  return total === null ? null : Math.round((total / told.length) * 10) / 10;
}

function place({ node }: UserShare, { index, uuid, name }: ReportedGpu): GpuPlace {
  return { node, index, uuid, name };
}

function userRow(user: string, shares: readonly UserShare[], jobKeys: readonly string[]): ClusterUser {
  const gpus = shares.flatMap((share) => share.gpus);
  return {
    user,
    gpus: shares.flatMap((share) => share.gpus.map((gpu) => place(share, gpu))),
    gpuCount: gpus.length,
    heldIdleCount: shares.reduce((count, share) => count + share.heldIdleCount, 0),
    gpuMemoryBytes: sum(shares.map(({ gpuMemoryBytes }) => gpuMemoryBytes)),
    gpuUtilizationPercent: meanUtilization(gpus),
    cpuPercent: sum(shares.map(({ cpuPercent }) => cpuPercent)),
    coreCount: shares.some(({ coreCount }) => coreCount === null)
      ? null
      : sum(shares.map(({ coreCount }) => coreCount)),
    residentBytes: sum(shares.map(({ residentBytes }) => residentBytes)),
    processCount: sum(shares.map(({ processCount }) => processCount)),
    nodes: shares.map(({ node }) => node),
    jobs: [...jobKeys],
    isCurrent: shares.every(({ isLive }) => isLive),
  };
}

/** Users with most GPUs first, then with most CPU. */
const byWeight = (a: ClusterUser, b: ClusterUser) =>
  b.gpuCount - a.gpuCount || (b.cpuPercent ?? 0) - (a.cpuPercent ?? 0) || (a.user < b.user ? -1 : 1);

/** What jobs a user has; the same object while they are the same. */
interface UserJobs {
  user: string;
  jobKeys: string[];
}

const sameKeys = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((key, at) => key === b[at]);

/** A user's row; none for somebody who holds next to nothing. */
function mergeParts(parts: readonly (UserShare | UserJobs)[]): ClusterUser[] {
  const shares = parts.filter((part) => 'node' in part);
  const jobKeys = parts.flatMap((part) => ('jobKeys' in part ? part.jobKeys : []));
  const [first] = shares;
  return first !== undefined && shares.some(isNotable) ? [userRow(first.user, shares, jobKeys)] : [];
}

/**
 * Puts shares together; a user's row is made anew only where one of them is another than the last time, or his jobs are.
 * Without a GPU only who takes half a core or 8 GiB of one node. `jobs` are those of the same nodes.
 */
export function createUserTable(): (
  shares: readonly UserShare[],
  jobs: readonly ClusterJob[],
) => ClusterUser[] {
  let known = new Map<string, UserJobs>();
  const merged = createMergedRows(({ user }: UserShare | UserJobs) => user, mergeParts, byWeight);
  return (shares, jobs) => {
    const now = new Map<string, UserJobs>();
    for (const [user, own] of groupBy(jobs, (job) => job.user)) {
      if (user === null) continue;
      const jobKeys = own.map(({ key }) => key);
      const before = known.get(user);
      now.set(user, before && sameKeys(before.jobKeys, jobKeys) ? before : { user, jobKeys });
    }
    known = now;
    return merged([...shares, ...now.values()]);
  };
}
