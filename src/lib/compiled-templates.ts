import type { RowKind } from './row-kinds.ts';

/**
 * What the design room makes and the render room runs: Eta templates that call these helpers.
 *
 * - `it.page`: what to show around the rows; `it.row`: one row; `it.id`: the row's number in the live stream.
 * - `it.text(value)`, `it.attribute(name, value)`, `it.link(name, value)`: escape one value and record it.
 * - `it.rows(list)`, `it.shown(value)`, `it.outer(value)`: record how many rows there are, what is shown.
 * - `it.inView(names)`: whether the page is one of these views, separated by blanks (page only).
 * - `it.part(number)`: all rows of that part, already rendered (page only).
 * - `it.piece(number)`: begins a piece of the page that is replaced as a whole; views show some of all pieces (page only).
 * - `it.cut`, `it.ageText`, `it.ageMs`: the marks below.
 * - `it.wholePart`: number and element of the part that shows a node as a whole (page only).
 * - `it.since`: since when there is history, epoch ms; empty without (page only).
 * - `it.version`, `it.pageKey`, `it.outerMark`: where the live stream takes over (page only), fit for a quoted attribute.
 *
 * Values are recorded in the order in which they are shown, so two renderings with the same structure
 * differ in values only, and the n-th value of one belongs where the n-th of the other stands.
 */
export interface CompiledTemplates {
  page: string;
  /** What repeats on the page and is kept live, in the order of the design. */
  parts: PartTemplate[];
}

/** One loop over the cluster's nodes, GPUs, jobs or users. */
export interface PartTemplate {
  kind: RowKind;
  /** The element of one row, in lower case. */
  tag: string;
  /** One row. */
  template: string;
}

/** What a page can be about; `node`, `job` and `user` are one of them in detail. */
export const viewNames = ['nodes', 'node', 'gpus', 'jobs', 'job', 'users', 'user'] as const;
export type ViewName = (typeof viewNames)[number];
/** Of these a page shows one, which its address names. */
export type SingleView = 'node' | 'job' | 'user';

/** Stands around each part of a page. Values can never hold it: control characters are made visible first. */
export const CUT = '\u0000';
/** Take the place of a row's age. */
export const AGE_TEXT = '\u0001';
export const AGE_MS = '\u0002';
/** Takes the place of `outerStructure`, which is known at the end only. */
export const OUTER = '\u0003';
