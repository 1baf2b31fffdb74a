import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, from wherever this file was bundled to. */
export function findProjectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error('package.json is not above the program');
    folder = above;
  }
  return folder;
}

/** As package.json says. */
export function version(): string {
  const text: unknown = JSON.parse(readFileSync(join(findProjectFolder(), 'package.json'), 'utf8'));
  const found = typeof text === 'object' && text !== null && 'version' in text ? text.version : null;
  return typeof found === 'string' ? found : 'unknown';
}
