import type { NodeReport } from '../report/node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser } from '../report/rows.ts';
import type { RecentFigures } from '../report/series.ts';
import type { Watch } from './watching.ts';

/** All that the web room is given. `main.ts` hands it in; tests hand in their own. */
export interface WebDependencies {
  version: string;
  /** A simulated fleet: the page says so. */
  demo: boolean;
  /** Reachable by strangers: arguments of programs are left out of page and API. */
  publicMode: boolean;
  /** Host names, besides localhost and IP addresses, under which the page may be asked for. */
  allowedHosts: readonly string[];
  /** Whatever changes something needs this, as `Authorization: Bearer TOKEN`. */
  token: string;
  /** All nodes in the order of the list. */
  nodes(): NodeReport[];
  /** Their names alone, in that order. */
  names(): string[];
  node(name: string): NodeReport | undefined;
  /** A node's last quarter of an hour; of it what came later than `sinceMs` (epoch ms; null for all). */
  recent(name: string, sinceMs: number | null): RecentFigures | undefined;
  /** Its last sample in the same shape: one point, or none before the first. */
  recentPoint(name: string): RecentFigures | undefined;
  /** What these nodes' jobs and GPUs come to, all nodes together. */
  jobsOf(nodes: readonly NodeReport[]): ClusterJob[];
  gpusOf(nodes: readonly NodeReport[]): ClusterGpu[];
  /** Who holds what; `jobs` are those of the same nodes. */
  usersOf(nodes: readonly NodeReport[], jobs: readonly ClusterJob[]): ClusterUser[];
  /** Calls back with the names of nodes that changed, came or went; returns the way to stop. */
  subscribe(listener: (names: ReadonlySet<string>) => void): () => void;
  /** Sentences about what is wrong with the head's own files (bad lines of the node list, design errors). */
  problems(): string[];
  /** Hears which nodes somebody looks at, whenever that changes. */
  watch: Watch;
  /** Tries a node again at once; false where there is no such node. */
  retry(name: string): boolean;
}
