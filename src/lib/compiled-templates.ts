/**
 * What the design room makes and the render room runs: two Eta templates that call these helpers.
 *
 * - `it.page`, `it.node`: what to show; `it.id`: the node's number in the live stream.
 * - `it.text(value)`, `it.attribute(name, value)`, `it.link(name, value)`: escape one value and record it.
 * - `it.rows(list)`, `it.shown(value)`, `it.outer(value)`: record how many rows there are, what is shown.
 * - `it.nodes(part)`: that part of all nodes, already rendered (page only).
 * - `it.from`: the number of the next value: a page may leave out whole parts of a node.
 * - `it.cut`, `it.ageText`, `it.ageMs`: the marks below.
 * - `it.version`, `it.events`: where the live stream takes over (page only), fit for a quoted attribute.
 *
 * Values are recorded in the order in which they are shown, so two renderings with the same structure
 * differ in values only, and the n-th value of one belongs where the n-th of the other stands.
 */
export interface CompiledTemplates {
  page: string;
  /** All parts of one node (its section, its entry in the quick-access bar), each ended by `CUT`. */
  node: string;
}

/** Marks in rendered text. Values can never hold them: control characters are made visible first. */
export const CUT = '\u0000';
export const AGE_TEXT = '\u0001';
export const AGE_MS = '\u0002';
