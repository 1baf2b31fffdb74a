import { visibleText } from '../../lib/visible-text.ts';
import { paint, plainStyle, type TextStyle, type Tone } from './text-style.ts';
import { cutToWidth, widthOf } from './text-width.ts';

/** A text of a table, maybe in a colour. What is in it is made visible. */
export type TextCell = string | { text: string; tone: Tone | null };

/** The first row of a table. */
export const headings = (words: readonly string[]): TextCell[] =>
  words.map((text) => ({ text, tone: 'strong' }));

interface MeasuredCell {
  text: string;
  tone: Tone | null;
  width: number;
}

const GAP = 2;
/** Columns are not made narrower than this: headings and figures stay whole. */
const NARROWEST = 10;
/** The first column names the row: cut short, `slurm 48120` and `slurm 48157` would be one. */
const NARROWEST_FIRST = 24;

/**
 * Columns as wide as their widest cell; the last one is not filled up. Where a terminal is too narrow the widest
 * columns give way, and then those at its right edge that have no room are left out: a figure cut in two, or one without
 * its unit, would be another figure.
 */
export function alignColumns(
  rows: readonly (readonly TextCell[])[],
  indent = '',
  style: TextStyle = plainStyle,
): string[] {
  const measured = rows.map((row) => row.map(measure));
  const room = (style.width ?? Number.POSITIVE_INFINITY) - indent.length;
  const widths = fitInto(columnWidths(measured), room);
  return measured.map((row) => {
    const line = alignRow(row, widths, room, style);
    return line === '' ? '' : indent + line;
  });
}

function measure(cell: TextCell): MeasuredCell {
  const { text: given, tone } = typeof cell === 'string' ? { text: cell, tone: null } : cell;
  const text = visibleText(given);
  return { text, tone, width: widthOf(text) };
}

function columnWidths(rows: readonly (readonly MeasuredCell[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach(({ width }, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width);
    });
  }
  return widths;
}

function fitInto(widths: readonly number[], room: number): number[] {
  const gaps = GAP * (widths.length - 1);
  const cappedAt = (cap: number) =>
    widths.map((width, column) => Math.min(width, column === 0 ? Math.max(cap, NARROWEST_FIRST) : cap));
  const needed = (cap: number) => cappedAt(cap).reduce((sum, width) => sum + width, gaps);
  let cap = Math.max(NARROWEST, ...widths);
  while (cap > NARROWEST && needed(cap) > room) cap -= 1;
  return cappedAt(cap);
}

function alignRow(
  cells: readonly MeasuredCell[],
  widths: readonly number[],
  room: number,
  style: TextStyle,
): string {
  let line = '';
  /** Where this cell begins, and where the text before it ended. */
  let start = 0;
  let end = 0;
  for (const [column, { text, tone, width }] of cells.entries()) {
    const columnWidth = widths[column] ?? 0;
    if (column > 0 && start + columnWidth > room) break;
    const most = Math.min(columnWidth, room - start);
    const shown = width <= most ? text : cutToWidth(text, most);
    if (shown !== '') {
      line += ' '.repeat(start - end) + paint(shown, tone, style);
      end = start + (width <= most ? width : widthOf(shown));
    }
    start += columnWidth + GAP;
  }
  return line;
}
