import { type DefaultTreeAdapterTypes, defaultTreeAdapter, parse } from 'parse5';
import { failAt } from './design-error.ts';
import { type Directives, type NamedValue, readDirectives } from './directives.ts';

/** An element of the design that the compiler has something to do with, where it stands in the text. */
export interface SourceElement {
  tagName: string;
  start: number;
  end: number;
  startTagEnd: number;
  /** Where the content ends: the start of the end tag, or `end` where HTML implies it. */
  contentEnd: number;
  attributes: SourceAttribute[];
  directives: Directives | null;
  inNoscript: boolean;
  parent: SourceElement | null;
  children: SourceElement[];
}

export interface SourceAttribute extends NamedValue {
  start: number;
  end: number;
}

export interface SourceComment {
  text: string;
  start: number;
  end: number;
}

export interface SourceDocument {
  /** Elements without a parent of their own kind, in order. */
  roots: SourceElement[];
  comments: SourceComment[];
  /** Where more can be put into the head. */
  headEnd: number;
}

type Element = DefaultTreeAdapterTypes.Element;
type ParentNode = DefaultTreeAdapterTypes.ParentNode;

function readAttributes(element: Element): SourceAttribute[] {
  const locations = element.sourceCodeLocation?.attrs ?? {};
  const found: SourceAttribute[] = [];
  for (const { name, prefix, value } of element.attrs) {
    const written = prefix ? `${prefix}:${name}` : name;
    const location = locations[written] ?? locations[written.toLowerCase()];
    if (location) found.push({ name: written, value, start: location.startOffset, end: location.endOffset });
  }
  return found;
}

/** Attributes that the compiler rewrites on its own account. */
function isOfInterest(tagName: string, attributes: readonly SourceAttribute[]): boolean {
  if (tagName === 'meta' || tagName === 'script') return true;
  return attributes.some(
    ({ name, value }) => /^(?:href|src)$/.test(name) && /^(?:\.\/)?static\//.test(value),
  );
}

function toSourceElement(source: string, element: Element, inNoscript: boolean): SourceElement | null {
  const location = element.sourceCodeLocation;
  if (!location?.startTag) return null;
  const start = location.startOffset;
  const startTagEnd = location.startTag.endOffset;
  const attributes = readAttributes(element);
  const place = { source, offset: start, tag: source.slice(start, startTagEnd) };
  const directives = readDirectives(attributes, place);
  if (!directives && !isOfInterest(element.tagName, attributes)) return null;
  return {
    tagName: element.tagName,
    start,
    end: location.endOffset,
    startTagEnd,
    contentEnd: location.endTag?.startOffset ?? location.endOffset,
    attributes,
    directives,
    inNoscript,
    parent: null,
    children: [],
  };
}

function flatten(elements: readonly SourceElement[]): SourceElement[] {
  return elements.flatMap((element) => [element, ...flatten(element.children)]);
}

/** The text must nest as the tree does, else cutting it would tear the page apart. */
function checkNesting(source: string, roots: readonly SourceElement[]): void {
  const around: SourceElement[] = [];
  for (const element of flatten(roots).sort((a, b) => a.start - b.start)) {
    while ((around.at(-1)?.end ?? Number.POSITIVE_INFINITY) <= element.start) around.pop();
    const { parent } = element;
    const torn = parent !== (around.at(-1) ?? null) || (parent !== null && element.end > parent.contentEnd);
    if (torn) failMoved(source, element);
    around.push(element);
  }
}

function failMoved(source: string, element: SourceElement): never {
  const tag = source.slice(element.start, element.startTagEnd);
  const remedy = 'Check for unclosed tags around it, and for elements that HTML does not allow in a table.';
  failAt(
    source,
    element.start,
    tag,
    'browsers move this element out of the place where it is written.',
    remedy,
  );
}

/** Where the head can take more: before its end tag, or after what is in it. */
function findHeadEnd(head: Element | null): number {
  const location = head?.sourceCodeLocation;
  if (location?.endTag) return location.endTag.startOffset;
  const last = head?.childNodes.at(-1)?.sourceCodeLocation;
  return last?.endOffset ?? location?.startTag?.endOffset ?? 0;
}

/** Parses a design. Only elements of interest are kept; all else stays text. */
export function readSource(source: string): SourceDocument {
  const found: SourceDocument = { roots: [], comments: [], headEnd: 0 };
  let head: Element | null = null;

  function visitElement(element: Element, parent: SourceElement | null, inNoscript: boolean): void {
    if (element.tagName === 'head') head = element;
    const own = toSourceElement(source, element, inNoscript);
    if (own) {
      own.parent = parent;
      (parent?.children ?? found.roots).push(own);
    }
    const content: ParentNode =
      'content' in element ? (element as DefaultTreeAdapterTypes.Template).content : element;
    visitChildren(content, own ?? parent, inNoscript || element.tagName === 'noscript');
  }

  function visitChildren(node: ParentNode, parent: SourceElement | null, inNoscript: boolean): void {
    for (const child of node.childNodes) {
      const location = child.sourceCodeLocation;
      if (defaultTreeAdapter.isCommentNode(child) && location) {
        found.comments.push({ text: child.data, start: location.startOffset, end: location.endOffset });
      }
      if (defaultTreeAdapter.isElementNode(child)) visitElement(child, parent, inNoscript);
    }
  }

  const document = parse(source, { sourceCodeLocationInfo: true, scriptingEnabled: false });
  visitChildren(document, null, false);
  checkNesting(source, found.roots);
  found.headEnd = findHeadEnd(head) || (source.match(/^\s*<!doctype[^>]*>/i)?.[0].length ?? 0);
  return found;
}
