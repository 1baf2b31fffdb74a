import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileDesign } from '../../src/design/compile.ts';

const root = new URL('../../', import.meta.url);

export const staticDir = fileURLToPath(new URL('static', root));

const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

/** The file that designs take their other views from. */
export const otherViews = { html: read('templates/views.html'), name: 'templates/views.html' };

/** The design that is shipped, compiled. */
export function compileOwnDesign() {
  return compileDesign(read('index-design.html'), 'index-design.html', otherViews);
}
