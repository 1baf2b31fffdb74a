import { groupBy } from '../lib/group-by.ts';
import { clusterJobKey } from '../protocol/job-kinds.ts';
import type { ReportedGpu, ReportedGpuProcess, ReportedJob } from '../protocol/reported-sample.ts';
import { type GpuUse, gpuUses } from '../report/gpu-use.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterGpu } from '../report/rows.ts';

/** The GPUs of one node as rows. Pure. */
export function gpuRowsOf(node: NodeReport): ClusterGpu[] {
  const byGpu = groupBy(node.sample?.gpuProcesses ?? [], ({ gpuIndex }) => gpuIndex);
  const facts = new Map((node.sample?.jobs ?? []).map((job) => [job.key, job]));
  const uses = gpuUses(node);
  return (node.sample?.gpus ?? []).map((gpu) =>
    gpuRow(node, gpu, uses.get(gpu.index) ?? 'unknown', byGpu.get(gpu.index) ?? [], facts),
  );
}

function gpuRow(
  { name, state, sampleAgeMs, marks }: NodeReport,
  gpu: ReportedGpu,
  use: GpuUse,
  processes: readonly ReportedGpuProcess[],
  facts: ReadonlyMap<string, ReportedJob>,
): ClusterGpu {
  const jobs = processes.flatMap(({ job }) => {
    const known = job === null ? undefined : facts.get(job);
    return known ? [clusterJobKey(name, known)] : [];
  });
  const users = processes.flatMap(({ user }) => user ?? []);
  if (gpu.allocation?.jobKey) jobs.push(gpu.allocation.jobKey);
  if (gpu.allocation?.user) users.push(gpu.allocation.user);
  return {
    node: name,
    state,
    sampleAgeMs,
    ...gpu,
    use,
    jobs: [...new Set(jobs)],
    users: [...new Set(users)],
    marks: marks.filter(({ gpuIndex }) => gpuIndex === gpu.index).map(({ code, text }) => ({ code, text })),
  };
}
