import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../shared/fixtures', import.meta.url));

/** Real captures of GPU tools and /proc beside the project; null where they are not. */
export const fixturesFolder: string | null = existsSync(folder) ? folder : null;

if (fixturesFolder === null) console.log('skipped: real captures, because ../shared/fixtures is not here');

/** Fields that nvidia-smi prints under a longer name than they are asked for. */
export const printedNames: Record<string, string> = {
  'clocks.sm': 'clocks.current.sm',
  'clocks.mem': 'clocks.current.memory',
};

/** The text of a capture, by its place among them. */
export const capture = (...path: string[]): string =>
  readFileSync(join(fixturesFolder ?? '', ...path), 'utf8');

/** Names of the captures in a folder; none where there are no captures. */
export const captureNames = (folder: string, pattern = /./): string[] =>
  fixturesFolder === null
    ? []
    : readdirSync(join(fixturesFolder, folder)).filter((name) => pattern.test(name));
