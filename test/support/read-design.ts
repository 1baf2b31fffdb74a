import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileDesign } from '../../src/design/compile.ts';

const root = new URL('../../', import.meta.url);

export const staticDir = fileURLToPath(new URL('static', root));

/** The design that is shipped, compiled. */
export function compileOwnDesign() {
  return compileDesign(readFileSync(new URL('index-design.html', root), 'utf8'), 'index-design.html');
}
