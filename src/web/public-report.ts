import type { NodeReport } from '../protocol/node.ts';
import { jobLabel, type RecentFigures } from '../protocol/recent.ts';

const bare = <Row extends { arguments: string | null }>(row: Row): Row => ({ ...row, arguments: null });

/** A report as strangers may see it: programs without their arguments. */
export function publicReport(node: NodeReport): NodeReport {
  const { sample } = node;
  // Reasons name files.
  // So do administrators, who also name themselves.
  const scheduler = node.scheduler && { ...node.scheduler, reason: null, problem: null };
  const report = { ...node, transportReason: null, scheduler };
  if (!sample) return report;
  return {
    ...report,
    sample: {
      ...sample,
      gpuProcesses: sample.gpuProcesses?.map(bare) ?? null,
      topProcesses: sample.topProcesses?.map(bare) ?? null,
      // People put into a job's name what they would put into its arguments.
      jobs: sample.jobs?.map((job) => ({ ...job, name: null })) ?? null,
    },
  };
}

/** A node's last quarter of an hour as strangers may see it: jobs without their names. */
export function publicRecent(recent: RecentFigures): RecentFigures {
  return {
    ...recent,
    series: recent.series.map((row) =>
      row.jobKey === undefined ? row : { ...row, label: jobLabel(row.jobKey) },
    ),
  };
}
