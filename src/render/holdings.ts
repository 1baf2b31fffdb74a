import { foldNames } from '../lib/fold-names.ts';
import { DASH, formatBytes, formatCoresOf, formatDuration, formatMoment, isoMoment } from '../lib/format.ts';
import { groupBy } from '../lib/group-by.ts';
import { once } from '../lib/once.ts';
import { shortIds } from '../report/job-words.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterJob, ClusterUser } from '../report/rows.ts';
import { type JobShareView, viewJobShare } from './job-shares.ts';
import { jobPath, userPath } from './page-request.ts';
import { type Bar, bar } from './view-parts.ts';

/** One job in the table of all jobs, or what one user holds. Sums over all nodes. */
interface HoldingsView {
  /** `gpu[01-04]`. */
  nodes: string;
  nodeLinks: NodeLink[];
  /** `and 4 more`, behind the links; null where there are no more. */
  moreNodes: string | null;
  /** `gpu01: 0 1 2 3`, a line for each node. */
  gpus: string[];
  gpuCount: string;
  gpuMemory: string;
  gpuUtilization: Bar;
  /** `3.1 of 32`: cores of its nodes. */
  cpu: string;
  ram: string;
  processCount: string;
  /** False where a node is not live: its share is old. */
  isCurrent: boolean;
}

export interface NodeLink {
  name: string;
  path: string;
}

export interface JobRowView extends HoldingsView {
  /** `slurm 4711`. */
  name: string;
  kind: string;
  id: string;
  title: string;
  user: string;
  /** The user's page; null where nobody knows who that is. */
  userPath: string | null;
  /** The job's own page. */
  path: string;
  command: string;
  /** `2026-01-01 10:00:00 UTC`, by the head's clock. */
  started: string;
  /** The same for `<time datetime>`; null where it is not known. */
  startedIso: string | null;
  age: string;
  /** What it has on each node. */
  shares: JobShareView[];
}

export interface UserRowView extends HoldingsView {
  name: string;
  /** The user's page. */
  path: string;
  heldIdle: number;
  /** A search for all that is the user's. */
  jobsPath: string;
  jobCount: number;
}

type Holdings = Pick<
  ClusterJob & ClusterUser,
  | 'nodes'
  | 'gpus'
  | 'gpuMemoryBytes'
  | 'gpuUtilizationPercent'
  | 'cpuPercent'
  | 'coreCount'
  | 'residentBytes'
  | 'processCount'
  | 'isCurrent'
>;

const SHOWN_NODES = 8;
/** Of a job on more nodes, the page shows so many of them. */
const SHOWN_SHARES = 32;

const searchPath = (user: string) => `/jobs?q=${encodeURIComponent(`user:=${user}`)}`;

function viewHoldings(row: Holdings): HoldingsView {
  const byNode = groupBy(row.gpus, ({ node }) => node);
  return {
    nodes: foldNames(row.nodes),
    nodeLinks: row.nodes
      .slice(0, SHOWN_NODES)
      .map((name) => ({ name, path: `/nodes/${encodeURIComponent(name)}` })),
    moreNodes: row.nodes.length > SHOWN_NODES ? `and ${row.nodes.length - SHOWN_NODES} more` : null,
    gpus: Array.from(byNode, ([node, gpus]) => `${node}: ${gpus.map(({ index }) => index).join(' ')}`),
    gpuCount: row.gpus.length === 0 ? DASH : String(row.gpus.length),
    gpuMemory: formatBytes(row.gpuMemoryBytes),
    gpuUtilization: bar(row.gpuUtilizationPercent),
    cpu: formatCoresOf(row.cpuPercent, row.coreCount),
    ram: formatBytes(row.residentBytes),
    processCount: row.processCount === null ? DASH : String(row.processCount),
    isCurrent: row.isCurrent,
  };
}

/** `nodeOf` finds the report of one of its nodes. Pure. */
export function viewJobRow(
  job: ClusterJob,
  nodeOf: (name: string) => NodeReport | undefined = () => undefined,
): JobRowView {
  const shares = once(() =>
    job.nodes.slice(0, SHOWN_SHARES).flatMap((name) => {
      const node = nodeOf(name);
      return node ? [viewJobShare(job, node)] : [];
    }),
  );
  return {
    ...viewHoldings(job),
    name: `${job.kind} ${job.id}`,
    kind: job.kind,
    id: shortIds(job.id),
    title: job.name ?? DASH,
    user: job.user ?? DASH,
    userPath: job.user === null ? null : userPath(job.user),
    path: jobPath(job.key),
    command: job.command ?? DASH,
    started: formatMoment(job.startTimeMs),
    startedIso: isoMoment(job.startTimeMs),
    age: formatDuration(job.ageMs),
    get shares() {
      return shares();
    },
  };
}

/** Pure. */
export function viewUserRow(user: ClusterUser): UserRowView {
  return {
    ...viewHoldings(user),
    name: user.user,
    path: userPath(user.user),
    heldIdle: user.heldIdleCount,
    jobsPath: searchPath(user.user),
    jobCount: user.jobs.length,
  };
}
