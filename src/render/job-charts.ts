import { groupBy } from '../lib/group-by.ts';
import { jobKey } from '../protocol/job-kinds.ts';
import type { ClusterJob } from '../report/rows.ts';

/** Where one node's share of a job over the last minutes is read. */
export interface JobChart {
  node: string;
  path: string;
  /** Beginnings of the keys of its series, separated by blanks. */
  only: string;
}

/** Charts of so many nodes of a job: each draws half a dozen. */
const MOST_NODES = 4;

/** The job's own lines and those of its GPUs, of its first nodes. Pure. */
export function jobCharts(jobs: readonly ClusterJob[]): JobChart[] {
  return jobs.flatMap(({ kind, id, nodes, gpus }) => {
    const byNode = groupBy(gpus, ({ node }) => node);
    return nodes.slice(0, MOST_NODES).map((node) => {
      const own = (byNode.get(node) ?? []).map(({ index }) => `gpu.${index}.`);
      const keys = [`job.${jobKey(kind, id)}.`, ...own];
      return {
        node,
        path: `/api/v1/nodes/${encodeURIComponent(node)}/recent`,
        only: keys.map(encodeURIComponent).join(' '),
      };
    });
  });
}
