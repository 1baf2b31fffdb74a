import { visibleText } from '../lib/visible-text.ts';
import type { Failure } from '../protocol/causes.ts';

/** A failure for the terminal: sentence, hint, and what the node or ssh said last. */
export function renderFailureText(
  failure: Pick<Failure, 'message' | 'hint' | 'lastLines'>,
  indent: string,
): string {
  const said = failure.lastLines.map((line) => `  | ${visibleText(line)}`);
  return [failure.message, failure.hint, ...said].map((line) => `${indent}${line}`).join('\n');
}
