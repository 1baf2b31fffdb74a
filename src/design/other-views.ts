import { type ViewName, viewNames } from '../lib/compiled-templates.ts';
import { loopKind } from './emit.ts';
import type { SourceDocument, SourceElement } from './source-elements.ts';

/** A design may know nothing but nodes: what it leaves out is taken from another file. */

const others = viewNames.filter((view) => view !== 'nodes' && view !== 'node');
/** Their loops are those of the lists: a design that has those may lack these. */
const isDetail = (view: ViewName) => view === 'job' || view === 'user';

function viewsIn(elements: readonly SourceElement[]): ViewName[] {
  return elements.flatMap(({ directives, children }) => [...(directives?.views ?? []), ...viewsIn(children)]);
}

function loopsIn(element: SourceElement): SourceElement[] {
  const inner = element.children.flatMap(loopsIn);
  return loopKind(element) === null ? inner : [element, ...inner];
}

const nodeLoopsIn = (element: SourceElement) => loopsIn(element).filter((loop) => loopKind(loop) === 'nodes');

/** Rows and the like stand in lists and tables, where nothing else may. */
const isRowTag = (tag: string) => /^(?:li|tr|t[dh]|tbody|d[dt]|option)$/.test(tag);

const insert = (text: string, at: number, more: string) => text.slice(0, at) + more + text.slice(at);

/** Of the other file the elements for these views, on one line: the lines of the design keep their numbers. */
function textOfViews(
  other: { source: string; document: SourceDocument },
  missing: readonly ViewName[],
): string {
  return other.document.roots
    .filter(({ directives }) => directives?.views?.some((view) => missing.includes(view)))
    .map(({ start, end }) => other.source.slice(start, end).replace(/\s*\n\s*/g, ' '))
    .join('');
}

/**
 * The design with the views that it has no loop for, put behind its nodes. One that names no view at all shows
 * its last loop over the nodes only where the page is about nodes. Pure.
 */
export function withOtherViews(
  source: string,
  document: SourceDocument,
  other: { source: string; document: SourceDocument },
): string {
  const kinds = document.roots.flatMap(loopsIn).map(loopKind);
  const own = viewsIn(document.roots);
  const missing = others.filter((view) => (isDetail(view) ? !own.includes(view) : !kinds.includes(view)));
  const root = document.roots.findLast((element) => nodeLoopsIn(element).length > 0);
  const loop = root && nodeLoopsIn(root).at(-1);
  if (missing.length === 0 || root === undefined || loop === undefined) return source;
  const bodyEnd = source.search(/<\/body\s*>/i);
  const behind = isRowTag(root.tagName) ? (bodyEnd < 0 ? source.length : bodyEnd) : root.end;
  const added = insert(source, behind, textOfViews(other, missing));
  return own.length > 0
    ? added
    : insert(added, loop.start + 1 + loop.tagName.length, ' data-view="nodes node"');
}
