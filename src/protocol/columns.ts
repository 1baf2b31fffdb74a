import { columnNamesOf } from './column-kinds.ts';
import { gpuColumns } from './gpu-columns.ts';
import { gpuProcessColumns, jobFigureColumns, topProcessColumns } from './process-columns.ts';

/**
 * Rows travel as columns, so that each name is said once: a sample is half as large and costs the head
 * half as much. A column whose values are all absent is left out. No zod: the monitor uses this too.
 */

/** What a table of `Row`s is on the wire. */
export type Columns<Row> = { [Name in keyof Row]: Row[Name][] };

/** Turns rows into columns. `names` are all columns of the table; the first is never left out. */
export function toColumns<Row extends object>(
  rows: readonly Row[],
  names: readonly (keyof Row & string)[],
): Columns<Row> {
  const columns: Partial<Columns<Row>> = {};
  names.forEach((name, at) => {
    const values = rows.map((row) => row[name] ?? null) as Row[typeof name][];
    const isAbsent = rows.length > 0 && values.every((value) => value === null);
    if (at === 0 || !isAbsent) columns[name] = values;
  });
  return columns as Columns<Row>;
}

/** The columns of each table; the first one names the rows. */
export const gpuColumnNames = columnNamesOf(gpuColumns);
export const topProcessColumnNames = columnNamesOf(topProcessColumns);
export const gpuProcessColumnNames = columnNamesOf(gpuProcessColumns);
export const jobColumnNames = ['key' as const, ...columnNamesOf(jobFigureColumns)];
