import type { Cluster } from '../cluster/cluster.ts';
import type { HistoryAnswer, HistoryQuestion, PastEvent } from '../report/history.ts';
import type { LedgerReader } from '../report/ledger.ts';
import type { Watch } from './watching.ts';

/** What the web room asks of former times. */
export interface HistoryReader {
  history(question: HistoryQuestion): Promise<HistoryAnswer>;
  /** All nodes as they were in that minute (epoch ms), shown as the head's table is; null where nothing is known of it. */
  clusterAt(atMs: number): Promise<Cluster | null>;
  /** Of all nodes, oldest first. */
  events(node: string | null, fromMs: number, toMs: number): Promise<PastEvent[]>;
}

/** All that the web room is given. The head hands it in; tests hand in their own. */
export interface WebDependencies {
  version: string;
  /** A simulated fleet: the page says so. */
  demo: boolean;
  /** Host names, besides localhost and IP addresses, under which the page may be asked for. */
  allowedHosts: readonly string[];
  /** Whatever changes something needs this, as `Authorization: Bearer TOKEN`. */
  token: string;
  /** What is shown: under `--public` the one for strangers. */
  cluster: Cluster;
  /** Sentences about what is wrong with the head's own files (bad lines of the node list, design errors). */
  problems(): string[];
  /** Hears which nodes somebody looks at, whenever that changes. */
  watch: Watch;
  /** What is known of former times; null or none where nothing is kept. */
  history?: HistoryReader | null;
  /** The oldest that history has, epoch ms; none without history. */
  historySinceMs?(): number | null;
  /** Who used what; none without a ledger, and for strangers. */
  ledger?: LedgerReader | null;
  /** The page of users shows who held GPUs idle. */
  hasIdleBoard?: boolean;
  /** Tries a node again at once; false where there is no such node. */
  retry(name: string): boolean;
}
