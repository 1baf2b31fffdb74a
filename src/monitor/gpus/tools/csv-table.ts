import { cutText } from '../../../lib/cut-text.ts';

/** Fields of one line of a table, by the header's names in lower case without their units. */
export type CsvRow = ReadonlyMap<string, string>;

export interface CsvTable {
  /** Null for the header and for what is no line of the table. */
  read(line: string): CsvRow | null;
  /** What is wrong with the last header; null before the first, and where each main figure has a column. */
  trouble(): string | null;
}

/**
 * Reads the lines of a table whose header says what the columns are; the header may come again with every tick. `main`:
 * what a person calls the figures that must not be missing, and how their columns are called.
 */
export function createCsvTable(isHeader: RegExp, main: Readonly<Record<string, RegExp>>): CsvTable {
  let names: string[] = [];
  return {
    read(line) {
      const cells = cellsOf(line);
      if (isHeader.test(line)) {
        names = cells.map(plainName);
        return null;
      }
      if (names.length === 0 || cells.length !== names.length) return null;
      return new Map(names.map((name, place) => [name, cells[place] ?? '']));
    },
    trouble() {
      if (names.length === 0) return null;
      const missing = Object.entries(main).filter(([, column]) => !names.some((name) => column.test(name)));
      if (missing.length === 0) return null;
      return `no column gives ${missing.map(([figure]) => figure).join(' and ')} (columns: ${cutText(names.join(', '), 300)})`;
    },
  };
}

/** The cell of the first column whose name fits. */
export function cellOf(row: CsvRow, column: RegExp): string | undefined {
  for (const [name, cell] of row) if (column.test(name)) return cell;
  return undefined;
}

/** Cells by commas; within quotes a comma is text. */
function cellsOf(line: string): string[] {
  const cells: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let place = 0; place <= line.length; place++) {
    if (line[place] === '"') isQuoted = !isQuoted;
    if (place < line.length && (line[place] !== ',' || isQuoted)) continue;
    cells.push(
      line
        .slice(start, place)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    );
    start = place + 1;
  }
  return cells;
}

/** `GPU Power (W)` → `gpu power`, `memory.used [MiB]` → `memory.used`. */
function plainName(name: string): string {
  return (name.split(/[([]/, 1)[0] ?? '').trim().toLowerCase();
}
