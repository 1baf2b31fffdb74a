import type { SourceElement } from './source-elements.ts';

/** What script elements of a design mean that name files in `static/`. */

/** Loads everything that a page needs, as a module. */
const ENTRY = 'live';

/**
 * Once a script each; the entry imports now what they did. Designs from that time name them: their elements are left
 * out of the page.
 */
const importedByEntry = new Set([
  'announce',
  'charts',
  'find',
  'find-keys',
  'find-mine',
  'fold',
  'heatmap',
  'heatmap-box',
  'heatmap-paint',
  'install',
  'morph',
  'scroll',
  'stream',
  'times',
]);

const OWN_SCRIPT = /^(?:\.{0,2}\/)*static\/([\w-]+)\.js(?:[?#]|$)/;

/** The name of a script in `static/`; null for every other element. */
function ownScript({ tagName, attributes }: SourceElement): string | null {
  if (tagName !== 'script') return null;
  const source = attributes.find(({ name }) => name === 'src')?.value ?? '';
  return OWN_SCRIPT.exec(source.trim())?.[1] ?? null;
}

/** Whether the element is the script that imports all others. */
export const isEntry = (element: SourceElement) => ownScript(element) === ENTRY;

/** Whether the page does without the element, because the entry does what it was for. */
export function isImportedByEntry(element: SourceElement): boolean {
  const name = ownScript(element);
  return name !== null && importedByEntry.has(name);
}

/** What the entry must know, and that it is a module. */
const ENTRY_ATTRIBUTES =
  ' type="module" data-live-version="<%~ it.version %>" data-live-key="<%~ it.pageKey %>" data-live-outer="<%~ it.outerMark %>" data-live-whole="<%~ it.wholePart %>" data-live-since="<%~ it.since %>"';

/** What its tag gets besides; an empty text for other elements. */
export const entryAttributes = (element: SourceElement) => (isEntry(element) ? ENTRY_ATTRIBUTES : '');

/** Of the entry's own attributes those that a classic script has; a module waits until the page is read anyway. */
export const entryReplaces: ReadonlySet<string> = new Set(['type', 'defer', 'async']);

/** For a design that does not name it. */
export const ENTRY_ELEMENT = `<script src="/static/${ENTRY}.js"${ENTRY_ATTRIBUTES}></script>\n`;
