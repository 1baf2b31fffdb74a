/** What could stand at the caret of a search box. Types only: `static/` is checked against them too. */

export interface Completion {
  /** The part of the text, in UTF-16 units, that an option replaces. */
  from: number;
  to: number;
  options: CompletionOption[];
}

export interface CompletionOption {
  text: string;
  help: string;
}
