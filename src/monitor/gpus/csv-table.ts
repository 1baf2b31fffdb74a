/** Fields of one line of a table, by the header's names in lower case without their units. */
export type CsvRow = ReadonlyMap<string, string>;

/**
 * Reads the lines of a table whose header says what the columns are; the header may come again with every
 * tick. Null for the header and for what is no line of the table.
 */
export function createCsvTable(isHeader: RegExp): (line: string) => CsvRow | null {
  let names: string[] = [];
  return (line) => {
    const cells = cellsOf(line);
    if (isHeader.test(line)) {
      names = cells.map(plainName);
      return null;
    }
    if (names.length === 0 || cells.length !== names.length) return null;
    return new Map(names.map((name, place) => [name, cells[place] ?? '']));
  };
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
