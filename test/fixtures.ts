import { existsSync } from 'node:fs';
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
