import { failAt } from './design-error.ts';
import { checkExpression, type Directives, type Place } from './directives.ts';
import type { SourceElement } from './source-elements.ts';
import { literal, writeStartTag } from './start-tag.ts';

/** Writes Eta templates from the elements of a design. */

export interface Output {
  source: string;
  /** One template for each loop over the nodes. */
  nodeParts: string[];
  pageParts: number;
}

interface Context {
  output: Output;
  /** Names that expressions may use here. */
  scope: ReadonlySet<string>;
  /** `page`: outside of all parts; `part`: inside one that is replaced as a whole; `node`: inside a node's. */
  inside: 'page' | 'part' | 'node';
}

const voidElements = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));
const linkAttributes = new Set(
  'href src action formaction xlink:href poster cite data ping background srcset'.split(' '),
);

function placeOf({ output }: Context, element: SourceElement): Place {
  const tag = output.source.slice(element.start, element.startTagEnd);
  return { source: output.source, offset: element.start, tag };
}

function fail(context: Context, element: SourceElement, problem: string, remedy: string): never {
  const { source, offset, tag } = placeOf(context, element);
  failAt(source, offset, tag, problem, remedy);
}

function isNodeLoop(element: SourceElement): boolean {
  return element.directives?.each?.list === 'nodes';
}

function holdsNodeLoop(element: SourceElement): boolean {
  return element.children.some((child) => isNodeLoop(child) || holdsNodeLoop(child));
}

function checkAll(context: Context, element: SourceElement, directives: Directives): void {
  const place = placeOf(context, element);
  const check = (what: string, expression: string) => checkExpression(what, expression, context.scope, place);
  if (directives.if !== null) check('data-if', directives.if);
  if (directives.text !== null) check('data-text', directives.text);
  for (const { name, expression } of directives.attributes) check(`data-attr-${name}`, expression);
  if (directives.age && context.inside !== 'node') {
    fail(
      context,
      element,
      'data-age is outside of all nodes.',
      'Put it inside the element that has data-each="node in nodes".',
    );
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
    written += ` data-age="<%~ it.ageMs %>"<%~ it.attribute('data-age-limit', it.node.ageLimitMs) %>`;
  }
  if (directives.text !== null) targets.push('text');
  if (targets.length === 0) return written;
  const mark = context.inside === 'node' ? 'data-live' : 'data-live-page';
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
  const { source } = context.output;
  const { directives } = element;
  if (directives) checkAll(context, element, directives);
  const live = directives ? liveAttributes(context, directives) : '';
  const startTag = writeStartTag(source, element, rootAttributes + live + ownAttributes(element));
  const written =
    startTag + writeContent(context, element) + literal(source.slice(element.contentEnd, element.end));
  return isRefresh(element) && !element.inNoscript ? `<noscript>${written}</noscript>` : written;
}

export function isRefresh(element: SourceElement): boolean {
  if (element.tagName !== 'meta') return false;
  return element.attributes.some(
    ({ name, value }) => name === 'http-equiv' && value.toLowerCase() === 'refresh',
  );
}

export function isLiveScript(element: SourceElement): boolean {
  if (element.tagName !== 'script') return false;
  return element.attributes.some(
    ({ name, value }) => name === 'src' && /(?:^|\/)static\/live\.js(?:\?|$)/.test(value),
  );
}

/** What the live script must know. */
export const LIVE_ATTRIBUTES = ' data-live-version="<%~ it.version %>" data-live-events="<%~ it.events %>"';

function ownAttributes(element: SourceElement): string {
  return isLiveScript(element) ? LIVE_ATTRIBUTES : '';
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
  if (/(?<![\w$.])nodes(?![\w$])/.test(each.list)) {
    const remedy = 'Loop over plain "nodes", outside of other loops, and choose among them with data-if.';
    fail(
      context,
      element,
      `data-each="${each.variable} in ${each.list}" is not a loop over all nodes.`,
      remedy,
    );
  }
  checkExpression('data-each', each.list, context.scope, place);
  const inner = { ...context, scope: new Set([...context.scope, each.variable]) };
  const row = writeIf(inner, element, rootAttributes, 'shown');
  return `<% for (const ${each.variable} of it.rows((${each.list}))) { %>${row}<% } %>`;
}

const anchor = (part: string) => `<template data-live-end="${part}"></template>`;

/** A loop over the nodes becomes a part of the node's template; the page shows that part of all nodes. */
function writeNodeLoop(context: Context, element: SourceElement): string {
  const { output } = context;
  const variable = element.directives?.each?.variable ?? 'node';
  const part = output.nodeParts.push('') - 1;
  const inner: Context = { output, inside: 'node', scope: new Set([variable]) };
  const root = ` data-live-node="<%~ it.id %>" data-live-part="${part}" data-live-from="<%~ it.from %>"`;
  const written = writeIf(inner, element, root, 'shown');
  output.nodeParts[part] = `<% { const ${variable} = it.node; %>${written}<% } %><%~ it.cut %>`;
  return `<%~ it.nodes(${part}) %>${anchor(String(part))}`;
}

/** A repeated or conditional piece of the page around the nodes, replaced as a whole when its rows change. */
function writePagePart(context: Context, element: SourceElement): string {
  const part = `page${context.output.pageParts}`;
  context.output.pageParts += 1;
  const root = ` data-live-node="page" data-live-part="${part}"`;
  const written = writeEach({ ...context, inside: 'part' }, element, root);
  return `<%~ it.cut %>${written}<%~ it.cut %>${anchor(part)}`;
}

function writeOnPage(context: Context, element: SourceElement): string {
  if (isNodeLoop(element)) return writeNodeLoop(context, element);
  const { directives } = element;
  if (!directives?.each && !directives?.if) return writeElementOnce(context, element, '');
  if (!holdsNodeLoop(element)) return writePagePart(context, element);
  if (!directives.each) return writeIf(context, element, '', 'outer');
  return fail(
    context,
    element,
    'a loop over the nodes lies inside another loop.',
    'Take it out of that loop.',
  );
}

function writeElement(context: Context, element: SourceElement): string {
  if (element.directives?.sample) return '';
  return context.inside === 'page' ? writeOnPage(context, element) : writeEach(context, element, '');
}

/** The text from `start` to `end`, in which `elements` are rewritten. */
export function writeRange(
  context: Context,
  elements: readonly SourceElement[],
  start: number,
  end: number,
): string {
  const { source } = context.output;
  let out = '';
  let at = start;
  for (const element of elements) {
    const before = source.slice(at, element.start);
    // The line of a dropped sample goes with it.
    out += literal(element.directives?.sample ? before.replace(/\n[ \t]*$/, '') : before);
    out += writeElement(context, element);
    at = element.end;
  }
  return out + literal(source.slice(at, end));
}

/** The names that expressions outside of all nodes may use. */
export const pageScope: ReadonlySet<string> = new Set(['page']);
