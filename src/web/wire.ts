import type { RowKind } from '../lib/row-kinds.ts';

/** What travels between the head and its pages. Types only, and pure ones: `static/` is checked against them too. */

/** What is new of a row or a page: one of these. */
export interface Change {
  /** Slot numbers and their new values, in turn. */
  set?: (number | string | null)[];
  /** The values of all slots. */
  all?: (string | null)[];
  /** A row's HTML: its structure changed. */
  html?: string;
  /** The HTML of all pieces of a page by their numbers, with `all`. */
  pieces?: Record<number, string>;
}

export interface RowChange extends Change {
  id: number;
  part: number;
  /** How old its figures are, in ms; null where it shows no age. */
  age: number | null;
}

/** An element of a live list: a row's number, or a heading. */
export type Entry = number | string;

export interface PageChange extends Change {
  key: string;
  orders?: Partial<Record<RowKind, Entry[]>>;
  /** Of rows that came since. */
  names?: Record<number, string>;
}

export interface TopicChange {
  topic: string;
  value: unknown;
}

/** The data of a server-sent event, as JSON; its id is `EPOCH.VERSION`. */
export interface EventMessage {
  rows: RowChange[];
  pages: PageChange[];
  topics: TopicChange[];
}

/** What a browser has in sight, as it posts it: versions up to which it has each; rows as `1-24,30`. */
export interface SubscriptionMessage {
  epoch: string;
  rows: [since: number, part: number, ids: string][];
  pages: [since: number, path: string, outer: string][];
  topics: [since: number, topic: string][];
}

export interface HeatLayout {
  version: number;
  /** What a cell is: a GPU, or in a cluster without GPUs a node. */
  of: 'gpus' | 'nodes';
  /** Of each node its name, state and number of GPUs, or their labels where these do not just count up from 0. */
  nodes: [name: string, state: string, gpus: number | string[]][];
}

/** A character for each cell in the order of the layout of that version: `static/shared/heat-scale.js`. */
export interface HeatFigures {
  version: number;
  levels: string;
  uses: string;
}

/** As a topic's value; figures are those of `heat METRIC`. */
export type HeatTold = ({ topic: 'heat layout' } & HeatLayout) | ({ topic: `heat ${string}` } & HeatFigures);

/** One field of the search language, for a page's help. */
export interface FieldDescription {
  name: string;
  aliases: readonly string[];
  kind: string;
  help: string;
  example: string;
  /** The words that it knows; null where it knows any. */
  choices: readonly string[] | null;
}
