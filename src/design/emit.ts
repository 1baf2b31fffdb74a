import type { PartTemplate } from '../lib/compiled-templates.ts';
import { type RowKind, rowKinds } from '../lib/row-kinds.ts';
import { failAt } from './design-error.ts';
import { checkExpression, type Directives, type SourcePlace } from './directives.ts';
import { entryAttributes, isImportedByEntry } from './own-scripts.ts';
import type { SourceElement } from './source-elements.ts';
import { literal, writeStartTag } from './start-tag.ts';

/** Writes Eta templates from the elements of a design. */

/** What the templates of one page share, whichever file they come from. */
export interface Output {
  parts: PartTemplate[];
  /** Pieces around the rows that are replaced as a whole. */
  pageParts: number;
}

export interface Context {
  output: Output;
  /** The text that the elements stand in. */
  source: string;
  /** Names that expressions may use here. */
  scope: ReadonlySet<string>;
  /** `page`: outside of all parts; `part`: inside one that is replaced as a whole; `row`: inside a row's. */
  inside: 'page' | 'part' | 'row';
}

const voidElements = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));
const linkAttributes = new Set(
  'href src action formaction xlink:href poster cite data ping background srcset'.split(' '),
);

function placeOf({ source }: Context, element: SourceElement): SourcePlace {
  return { source, offset: element.start, tag: source.slice(element.start, element.startTagEnd) };
}

function fail(context: Context, element: SourceElement, problem: string, remedy: string): never {
  const { source, offset, tag } = placeOf(context, element);
  failAt(source, offset, tag, problem, remedy);
}

/** What the element repeats over, where that is the cluster's own. */
export function loopKind(element: SourceElement): RowKind | null {
  return rowKinds.find((kind) => kind === element.directives?.each?.list) ?? null;
}

function holdsRowLoop(element: SourceElement): boolean {
  return element.children.some((child) => loopKind(child) !== null || holdsRowLoop(child));
}

function checkAll(context: Context, element: SourceElement, directives: Directives): void {
  const place = placeOf(context, element);
  const check = (what: string, expression: string) => checkExpression(what, expression, context.scope, place);
  if (directives.if !== null) check('data-if', directives.if);
  if (directives.text !== null) check('data-text', directives.text);
  for (const { name, expression } of directives.attributes) check(`data-attr-${name}`, expression);
  if (directives.age && context.inside !== 'row') {
    const remedy = 'Put it inside the element that has data-each="node in nodes" (or gpus).';
    fail(context, element, 'data-age is outside of all nodes.', remedy);
  }
  if (directives.views && context.inside === 'row' && loopKind(element) === null) {
    const remedy = 'Put it on an element around the loop: a row looks the same wherever it is shown.';
    fail(context, element, 'data-view is inside a row.', remedy);
  }
  const replaces = directives.text !== null || directives.age;
  if (replaces && voidElements.has(element.tagName)) {
    fail(
      context,
      element,
      `<${element.tagName}> cannot hold text.`,
      'Put data-text on another element, or use data-attr-NAME.',
    );
  }
  const inner = replaces ? element.children.find(({ directives: own }) => own && !own.sample) : undefined;
  if (inner)
    fail(
      context,
      inner,
      'it lies inside an element whose content data-text replaces.',
      'Take it out, or give the text an element of its own.',
    );
}

/** The attributes that make an element live: what is recorded for it, in order, and the values. */
function liveAttributes(context: Context, directives: Directives): string {
  const targets = directives.attributes.map(({ name }) => name);
  let written = '';
  for (const { name, expression } of directives.attributes) {
    const helper = linkAttributes.has(name) ? 'link' : 'attribute';
    written += `<%~ it.${helper}('${name}', (${expression})) %>`;
  }
  if (directives.age) {
    targets.push('data-age-limit');
    written += ` data-age="<%~ it.ageMs %>"<%~ it.attribute('data-age-limit', it.row.ageLimitMs) %>`;
  }
  if (directives.text !== null) targets.push('text');
  if (targets.length === 0) return written;
  const mark = context.inside === 'row' ? 'data-live' : 'data-live-page';
  return ` ${mark}="${targets.join(' ')}"${written}`;
}

function writeContent(context: Context, element: SourceElement): string {
  const { directives } = element;
  if (directives?.age) return '<%~ it.ageText %>';
  if (directives && directives.text !== null) return `<%~ it.text((${directives.text})) %>`;
  return writeRange(context, element.children, element.startTagEnd, element.contentEnd);
}

/** `rootAttributes` mark the element as (one of) those that a part of the page consists of. */
function writeElementOnce(context: Context, element: SourceElement, rootAttributes: string): string {
  const { source } = context;
  const { directives } = element;
  if (directives) checkAll(context, element, directives);
  const live = directives ? liveAttributes(context, directives) : '';
  const startTag = writeStartTag(source, element, rootAttributes + live + entryAttributes(element));
  const written =
    startTag + writeContent(context, element) + literal(source.slice(element.contentEnd, element.end));
  return isRefresh(element) && !element.inNoscript ? `<noscript>${written}</noscript>` : written;
}

/** A `<meta http-equiv="refresh">`: it belongs to browsers without scripts alone. */
export function isRefresh(element: SourceElement): boolean {
  if (element.tagName !== 'meta') return false;
  return element.attributes.some(
    ({ name, value }) => name === 'http-equiv' && value.toLowerCase() === 'refresh',
  );
}

function writeIf(
  context: Context,
  element: SourceElement,
  rootAttributes: string,
  helper: 'shown' | 'outer',
): string {
  const once = writeElementOnce(context, element, rootAttributes);
  const condition = element.directives?.if ?? null;
  return condition === null ? once : `<% if (it.${helper}((${condition}))) { %>${once}<% } %>`;
}

function writeEach(context: Context, element: SourceElement, rootAttributes: string): string {
  const each = element.directives?.each;
  if (!each) return writeIf(context, element, rootAttributes, 'shown');
  const place = placeOf(context, element);
  const kind = /(?<![\w$.])(nodes|gpus|jobs|users)(?![\w$])/.exec(each.list)?.[1];
  if (kind && !context.scope.has(kind)) {
    const problem = `data-each="${each.variable} in ${each.list}" is not a loop over all ${kind}.`;
    const remedy = `Loop over plain "${kind}", outside of other loops, and choose among them with data-if.`;
    fail(context, element, problem, remedy);
  }
  checkExpression('data-each', each.list, context.scope, place);
  const inner = { ...context, scope: new Set([...context.scope, each.variable]) };
  const row = writeIf(inner, element, rootAttributes, 'shown');
  return `<% for (const ${each.variable} of it.rows((${each.list}))) { %>${row}<% } %>`;
}

const anchor = (part: string, more = '') => `<template data-live-end="${part}"${more}></template>`;

/** A loop over the cluster's rows becomes a template of its own; the page shows that part of all rows. */
function writeRowLoop(context: Context, element: SourceElement, kind: RowKind): string {
  const { output } = context;
  const variable = element.directives?.each?.variable ?? 'row';
  const number = output.parts.push({ kind, tag: element.tagName, template: '' }) - 1;
  const inner: Context = { ...context, inside: 'row', scope: new Set([variable]) };
  const root = ` data-live-row="<%~ it.id %>" data-live-part="${number}"`;
  const written = writeIf(inner, element, root, 'shown');
  output.parts[number] = {
    kind,
    tag: element.tagName,
    template: `<% { const ${variable} = it.row; %>${written}<% } %>`,
  };
  return `<%~ it.part(${number}) %>${anchor(String(number), ` data-live-kind="${kind}" data-live-tag="${element.tagName}"`)}`;
}

/** A repeated or conditional piece of the page around the nodes, replaced as a whole when its rows change. */
function writePagePart(context: Context, element: SourceElement): string {
  const number = context.output.pageParts;
  const part = `page${number}`;
  context.output.pageParts += 1;
  const root = ` data-live-row="page" data-live-part="${part}"`;
  const written = writeEach({ ...context, inside: 'part' }, element, root);
  return `<%~ it.piece(${number}) %>${written}<%~ it.cut %>${anchor(part)}`;
}

function writeOnPage(context: Context, element: SourceElement): string {
  const kind = loopKind(element);
  if (kind) return writeRowLoop(context, element, kind);
  const { directives } = element;
  if (!directives?.each && directives?.if == null) return writeElementOnce(context, element, '');
  if (!holdsRowLoop(element)) return writePagePart(context, element);
  if (!directives.each) return writeIf(context, element, '', 'outer');
  const remedy = 'Take it out of that loop.';
  return fail(context, element, 'a loop over the nodes lies inside another loop.', remedy);
}

/** A sample is there for the designer only. */
const isLeftOut = (element: SourceElement) =>
  element.directives?.sample === true || isImportedByEntry(element);

function writeElement(context: Context, element: SourceElement): string {
  const { directives } = element;
  if (isLeftOut(element)) return '';
  const written = context.inside === 'page' ? writeOnPage(context, element) : writeEach(context, element, '');
  return directives?.views
    ? `<% if (it.inView('${directives.views.join(' ')}')) { %>${written}<% } %>`
    : written;
}

/** The text from `start` to `end`, in which `elements` are rewritten. */
export function writeRange(
  context: Context,
  elements: readonly SourceElement[],
  start: number,
  end: number,
): string {
  const { source } = context;
  let out = '';
  let at = start;
  for (const element of elements) {
    const before = source.slice(at, element.start);
    // Its line goes with it.
    out += literal(isLeftOut(element) ? before.replace(/\n[ \t]*$/, '') : before);
    out += writeElement(context, element);
    at = element.end;
  }
  return out + literal(source.slice(at, end));
}

/** The names that expressions outside of all nodes may use. */
export const pageScope: ReadonlySet<string> = new Set(['page']);
