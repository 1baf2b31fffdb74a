import { groupBy } from '../lib/group-by.ts';
import type { ReportedGpu, ReportedGpuProcess, ReportedJob } from '../protocol/reported-sample.ts';
import { takesGpu } from '../report/gpu-holding.ts';
import { gpuUses } from '../report/gpu-use.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterJob, ClusterUser, GpuPlace } from '../report/rows.ts';

/** Who holds what now, as rows. Pure. */

/**
 * Who holds no GPU is listed where he takes as much as this of one node. Every node has a dozen accounts whose
 * services do next to nothing, and their names tell nothing reliable: only what they take does.
 */
const BUSY_CPU_PERCENT = 50;
const MUCH_RESIDENT_BYTES = 8 * 1024 ** 3;

const sum = (values: readonly (number | null)[]): number | null =>
  values.reduce((total, value) => (value === null ? total : (total ?? 0) + value), null);

/** What one user has on one node. */
interface Share {
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

function sharesOf(node: NodeReport): Map<string, Share> {
  const { sample } = node;
  const shares = new Map<string, Share>();
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
    shares.set(user, {
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
): Pick<Share, 'cpuPercent' | 'residentBytes' | 'processCount'> {
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

function isNotable({ gpus, cpuPercent, residentBytes }: Share): boolean {
  return (
    gpus.length > 0 || (cpuPercent ?? 0) >= BUSY_CPU_PERCENT || (residentBytes ?? 0) >= MUCH_RESIDENT_BYTES
  );
}

function meanUtilization(gpus: readonly ReportedGpu[]): number | null {
  const told = gpus.flatMap(({ utilizationPercent }) => utilizationPercent ?? []);
  const total = sum(told);
  return total === null ? null : Math.round((total / told.length) * 10) / 10;
}

function place({ node }: Share, { index, uuid, name }: ReportedGpu): GpuPlace {
  return { node, index, uuid, name };
}

function userRow(user: string, shares: readonly Share[], jobs: readonly ClusterJob[]): ClusterUser {
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
    jobs: jobs.map(({ key }) => key),
    isCurrent: shares.every(({ isLive }) => isLive),
  };
}

/**
 * `jobs` are those of `listJobs` for the same nodes. Users with most GPUs first, then with most CPU. Without a GPU
 * only who takes half a core or 8 GiB of one node.
 */
export function listUsers(nodes: readonly NodeReport[], jobs: readonly ClusterJob[]): ClusterUser[] {
  const byUser = new Map<string, Share[]>();
  for (const node of nodes) {
    for (const [user, share] of sharesOf(node)) {
      const shares = byUser.get(user);
      if (shares) shares.push(share);
      else byUser.set(user, [share]);
    }
  }
  const jobsByUser = groupBy(jobs, ({ user }) => user);
  return Array.from(byUser)
    .filter(([, shares]) => shares.some(isNotable))
    .map(([user, shares]) => userRow(user, shares, jobsByUser.get(user) ?? []))
    .sort(
      (a, b) =>
        b.gpuCount - a.gpuCount || (b.cpuPercent ?? 0) - (a.cpuPercent ?? 0) || (a.user < b.user ? -1 : 1),
    );
}
