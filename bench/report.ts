import { cpus, totalmem } from 'node:os';

/** Rows of figures as a Markdown table, ready for docs/benchmarks.md. */
export function printTable(rows: readonly (readonly [string, string, string])[]): void {
  console.log('| what | measured | to reach |\n|---|---|---|');
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

export function printMachine(): void {
  const [first] = cpus();
  console.log(
    `Machine: ${cpus().length} × ${first?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Node.js ${process.version}\n`,
  );
}

/** The value below which `share` of the values lie; NaN without values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export const round = (value: number, digits = 1) => value.toFixed(digits);
export const mebibytes = (bytes: number) => `${round(bytes / 1024 ** 2, 0)} MiB`;
