import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** What a command loads before it can say a word, by the imports in the source. */

const src = fileURLToPath(new URL('..', import.meta.url));

/** Packages on the way from a file; modules that are loaded when they are needed do not count. */
function packagesFrom(file: string, seen = new Set<string>()): Set<string> {
  const found = new Set<string>();
  if (seen.has(file)) return found;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [, words = '', name = ''] of text.matchAll(
    /^(?:import|export)\s+((?:type\s+)?)(?:[^'";]*?\sfrom\s+)?'([^']+)';/gm,
  )) {
    if (words !== '' || name.startsWith('node:')) continue;
    if (!name.startsWith('.')) found.add(name);
    else for (const more of packagesFrom(join(dirname(file), name), seen)) found.add(more);
  }
  return found;
}

it.each([
  ['rollcall', []],
  ['command-line', ['yargs']],
  ['commands/status', ['string-width']],
  ['commands/show', ['string-width']],
  ['commands/gpus', ['string-width']],
  ['commands/jobs', ['string-width']],
  ['commands/users', ['string-width']],
  ['commands/retry', []],
  ['commands/link', []],
  ['commands/unlock', ['string-width']],
  ['readers/url-reader', []],
])('%s loads no more packages than %j', (name, packages) => {
  expect([...packagesFrom(join(src, 'cli', `${name}.ts`))].sort()).toEqual(packages);
});
