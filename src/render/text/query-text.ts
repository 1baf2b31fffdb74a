import { visibleText } from '../../lib/visible-text.ts';

/** What is wrong with a search text, where it is wrong marked below it; ends with a newline. */
export function renderQueryError(
  text: string,
  { message, at, length }: { message: string; at: number; length: number },
): string {
  // What is made visible grows, so the marks are measured behind it.
  const before = visibleText(text.slice(0, at)).length;
  const marked = Math.max(1, visibleText(text.slice(at, at + length)).length);
  return `${visibleText(message)}\n  ${visibleText(text)}\n  ${' '.repeat(before)}${'^'.repeat(marked)}\n`;
}

/** A heading over each table; ends with a newline. */
export function renderGroups<Row>(
  groups: readonly { title: string | null; rows: readonly Row[] }[],
  renderRows: (rows: readonly Row[]) => string,
): string {
  return groups
    .map(({ title, rows }) => `${visibleText(title ?? 'none')} (${rows.length})\n${renderRows(rows)}`)
    .join('\n');
}
