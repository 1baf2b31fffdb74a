import { groupBy } from '../lib/group-by.ts';
import type { ClusterGpu, ClusterJob } from '../protocol/cluster.ts';
import { gpuUses } from '../protocol/gpu-use.ts';
import { clusterJobKey } from '../protocol/job-kinds.ts';
import type {
  NodeReport,
  ReportedGpu,
  ReportedGpuProcess,
  ReportedJob,
  ReportedTopProcess,
} from '../protocol/node.ts';

/** Jobs and GPUs of all nodes as rows. Pure. */

const sum = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : a + b);
const later = (a: number | null, b: number | null) => (a === null || b === null ? (a ?? b) : Math.max(a, b));

/** A job and what its mean utilization is made of. */
interface Gathered extends ClusterJob {
  utilizations: number[];
}

/** `nowMs`: the head's clock. Jobs with most GPUs first, then with most CPU. */
export function listJobs(nodes: readonly NodeReport[], nowMs: number): ClusterJob[] {
  const jobs = new Map<string, Gathered>();
  for (const node of nodes) {
    if (node.state === 'disabled') continue;
    const processes = node.sample?.gpuProcesses ?? [];
    const byJob = groupBy(processes, ({ job }) => job);
    const byGpu = groupBy(processes, ({ gpuIndex }) => gpuIndex);
    const busyByJob = groupBy(node.sample?.topProcesses ?? [], ({ job }) => job);
    for (const job of node.sample?.jobs ?? []) {
      const own = byJob.get(job.key) ?? [];
      const here = gatherHere(node, job, own, byGpu, nowMs);
      here.command = commandOf(own, busyByJob.get(job.key) ?? []);
      const mapKey = `${here.key} ${here.user ?? ''}`;
      const known = jobs.get(mapKey);
      jobs.set(mapKey, known ? mergeJobs(known, here) : here);
    }
  }
  return Array.from(jobs.values(), withMean).sort(
    (a, b) =>
      b.gpus.length - a.gpus.length || (b.cpuPercent ?? 0) - (a.cpuPercent ?? 0) || (a.key < b.key ? -1 : 1),
  );
}

type ProcessesByGpu = ReadonlyMap<number, readonly ReportedGpuProcess[]>;

function gatherHere(
  { name: node, state, hello, sample, sampleAgeMs }: NodeReport,
  job: ReportedJob,
  processes: readonly ReportedGpuProcess[],
  byGpu: ProcessesByGpu,
  nowMs: number,
): Gathered {
  const indexes = new Set(processes.map(({ gpuIndex }) => gpuIndex));
  const gpus = indexes.size === 0 ? [] : (sample?.gpus ?? []).filter(({ index }) => indexes.has(index));
  // Both by the node's clock, whatever that says.
  const ageMs =
    job.startTimeMs === null || !sample?.takenAtMs
      ? null
      : Math.max(0, sample.takenAtMs - job.startTimeMs + (sampleAgeMs ?? 0));
  return {
    key: clusterJobKey(node, job),
    kind: job.kind,
    id: job.id,
    name: job.name,
    user: job.user,
    nodes: [node],
    gpus: gpus.map(({ index, uuid, name }) => ({ node, index, uuid, name })),
    gpuMemoryBytes: processes.reduce<number | null>(
      (all, { gpuMemoryBytes }) => sum(all, gpuMemoryBytes),
      null,
    ),
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

type Program = Pick<ReportedTopProcess, 'command' | 'arguments'>;

/** Of those on GPUs the one with most memory there, else the one with most CPU. Under `--public` without arguments. */
function commandOf(
  onGpus: readonly ReportedGpuProcess[],
  busy: readonly ReportedTopProcess[],
): string | null {
  const known = ({ command }: Program) => command !== null;
  const [first] = onGpus.filter(known).sort((a, b) => (b.gpuMemoryBytes ?? 0) - (a.gpuMemoryBytes ?? 0));
  const [busiest] = busy.filter(known).sort((a, b) => (b.cpuPercent ?? 0) - (a.cpuPercent ?? 0));
  const program: Program | undefined = first ?? busiest;
  return program === undefined ? null : [program.command, program.arguments].filter(Boolean).join(' ');
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

function mergeJobs(a: Gathered, b: Gathered): Gathered {
  const ageMs = later(a.ageMs, b.ageMs);
  return {
    ...a,
    name: a.name ?? b.name,
    nodes: [...a.nodes, ...b.nodes],
    gpus: [...a.gpus, ...b.gpus],
    gpuMemoryBytes: sum(a.gpuMemoryBytes, b.gpuMemoryBytes),
    utilizations: [...a.utilizations, ...b.utilizations],
    cpuPercent: sum(a.cpuPercent, b.cpuPercent),
    coreCount: a.coreCount === null || b.coreCount === null ? null : a.coreCount + b.coreCount,
    residentBytes: sum(a.residentBytes, b.residentBytes),
    processCount: sum(a.processCount, b.processCount),
    command: a.command ?? b.command,
    startTimeMs: ageMs === a.ageMs ? a.startTimeMs : b.startTimeMs,
    ageMs,
    isCurrent: a.isCurrent && b.isCurrent,
  };
}

function withMean({ utilizations, ...job }: Gathered): ClusterJob {
  if (utilizations.length === 0) return job;
  const mean = utilizations.reduce((total, value) => total + value, 0) / utilizations.length;
  return { ...job, gpuUtilizationPercent: Math.round(mean * 10) / 10 };
}

/** All GPUs in the order of the nodes. */
export function listGpus(nodes: readonly NodeReport[]): ClusterGpu[] {
  return nodes.flatMap((node) => {
    const byGpu = groupBy(node.sample?.gpuProcesses ?? [], ({ gpuIndex }) => gpuIndex);
    const facts = new Map((node.sample?.jobs ?? []).map((job) => [job.key, job]));
    const uses = gpuUses(node);
    return (node.sample?.gpus ?? []).map((gpu) => ({
      ...gpuRow(node, gpu, byGpu.get(gpu.index) ?? [], facts),
      use: uses.get(gpu.index) ?? 'unknown',
    }));
  });
}

function gpuRow(
  { name, state, sampleAgeMs, marks }: NodeReport,
  gpu: ReportedGpu,
  processes: readonly ReportedGpuProcess[],
  facts: ReadonlyMap<string, ReportedJob>,
): Omit<ClusterGpu, 'use'> {
  const jobs = processes.flatMap(({ job }) => {
    const known = job === null ? undefined : facts.get(job);
    return known ? [clusterJobKey(name, known)] : [];
  });
  const users = processes.flatMap(({ user }) => user ?? []);
  return {
    node: name,
    state,
    sampleAgeMs,
    ...gpu,
    jobs: [...new Set(jobs)],
    users: [...new Set(users)],
    marks: marks.filter(({ gpuIndex }) => gpuIndex === gpu.index).map(({ code, text }) => ({ code, text })),
  };
}
