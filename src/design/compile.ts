import { Eta } from 'eta/core';
import type { CompiledTemplates } from '../lib/compiled-templates.ts';
import { DesignError, DesignFaultError, failAt } from './design-error.ts';
import { type Context, isRefresh, type Output, pageScope, writeRange } from './emit.ts';
import { readExpanded } from './markers.ts';
import { withOtherViews } from './other-views.ts';
import { ENTRY_ELEMENT, isEntry } from './own-scripts.ts';
import { readSource, type SourceElement } from './source-elements.ts';

const REFRESH = '<noscript><meta http-equiv="refresh" content="60"></noscript>\n';

function anyOf(elements: readonly SourceElement[], is: (element: SourceElement) => boolean): boolean {
  return elements.some((element) => is(element) || anyOf(element.children, is));
}

/** What every page needs and a design may leave out. */
function missingFromHead(roots: readonly SourceElement[]): string {
  const refresh = anyOf(roots, isRefresh) ? '' : REFRESH;
  return refresh + (anyOf(roots, isEntry) ? '' : ENTRY_ELEMENT);
}

/** The last check: what was written must be a template. */
function checkTemplate(template: string, source: string): void {
  try {
    new Eta({ autoTrim: false }).compile(template);
  } catch (error) {
    const [first = ''] = String(error instanceof Error ? error.message : error).split('\n');
    failAt(source, 0, 'the design', `an expression breaks the template (${first}).`, 'Write it more simply.');
  }
}

/** A file of the designer's. */
export interface DesignFile {
  html: string;
  name: string;
}

const readClean = (html: string) => readExpanded(html.replace(/[\u0000-\u0008]/g, ''));

function compileSource(html: string, otherHtml: string | null): CompiledTemplates {
  const own = readClean(html);
  const source =
    otherHtml === null ? own.source : withOtherViews(own.source, own.document, readClean(otherHtml));
  const { roots, headEnd } = source === own.source ? own.document : readSource(source);
  const output: Output = { parts: [], pageParts: 0 };
  const context: Context = { output, source, inside: 'page', scope: pageScope };
  const inHead = roots.filter((element) => element.end <= headEnd);
  const below = roots.filter((element) => element.end > headEnd);
  const head = writeRange(context, inHead, 0, headEnd);
  const page = `<% const page = it.page; %>${head}${missingFromHead(roots)}${writeRange(context, below, headEnd, source.length)}`;
  if (!output.parts.some(({ kind }) => kind === 'nodes')) {
    const remedy = 'Put data-each="node in nodes" on the element of one node.';
    failAt(source, 0, 'the design', 'nothing in it repeats over the nodes.', remedy);
  }
  for (const template of [page, ...output.parts.map(({ template }) => template)])
    checkTemplate(template, source);
  return { page, parts: output.parts };
}

function inFile<T>(name: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (error instanceof DesignFaultError) throw new DesignError(name, error.fault);
    throw error;
  }
}

/** A file of views is checked by itself first, so that its mistakes are named where they are. */
function checkViews(html: string): void {
  const { source, document } = readClean(html);
  const context: Context = { output: { parts: [], pageParts: 0 }, source, inside: 'page', scope: pageScope };
  writeRange(context, document.roots, 0, source.length);
}

/**
 * Turns a design into Eta templates (`lib/compiled-templates.ts` says which helpers they call); the views that it
 * leaves out are taken from `other`. Pure. Throws a `DesignError` that names file, line, element and remedy. The
 * design is trusted: its expressions run on the head.
 */
export function compileDesign(html: string, fileName: string, other?: DesignFile): CompiledTemplates {
  if (other) inFile(other.name, () => checkViews(other.html));
  return inFile(fileName, () => compileSource(html, other?.html ?? null));
}
