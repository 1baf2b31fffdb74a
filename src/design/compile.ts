import { Eta } from 'eta/core';
import type { CompiledTemplates } from '../lib/compiled-templates.ts';
import { DesignError, DesignFaultError, failAt } from './design-error.ts';
import { isLiveScript, isRefresh, LIVE_ATTRIBUTES, type Output, pageScope, writeRange } from './emit.ts';
import { readExpanded } from './markers.ts';
import type { SourceElement } from './source-elements.ts';

const REFRESH = '<noscript><meta http-equiv="refresh" content="60"></noscript>\n';
const LIVE_SCRIPT = `<script src="/static/live.js" defer${LIVE_ATTRIBUTES}></script>\n`;

function anyOf(elements: readonly SourceElement[], is: (element: SourceElement) => boolean): boolean {
  return elements.some((element) => is(element) || anyOf(element.children, is));
}

/** What every page needs and a design may leave out. */
function missingFromHead(roots: readonly SourceElement[]): string {
  return (anyOf(roots, isRefresh) ? '' : REFRESH) + (anyOf(roots, isLiveScript) ? '' : LIVE_SCRIPT);
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

function compileSource(html: string): CompiledTemplates {
  const clean = html.replace(/[\u0000-\u0008]/g, '');
  const { source, document } = readExpanded(clean);
  const { roots, headEnd } = document;
  const output: Output = { source, nodeParts: [], pageParts: 0 };
  const context = { output, inside: 'page', scope: pageScope } as const;
  const inHead = roots.filter((element) => element.end <= headEnd);
  const below = roots.filter((element) => element.end > headEnd);
  const head = writeRange(context, inHead, 0, headEnd);
  const page = `<% const page = it.page; %>${head}${missingFromHead(roots)}${writeRange(context, below, headEnd, source.length)}`;
  if (output.nodeParts.length === 0) {
    const remedy = 'Put data-each="node in nodes" on the element of one node.';
    failAt(source, 0, 'the design', 'nothing in it repeats over the nodes.', remedy);
  }
  const node = output.nodeParts.join('');
  checkTemplate(page, source);
  checkTemplate(node, source);
  return { page, node };
}

/**
 * Turns a design into Eta templates (`lib/compiled-templates.ts` says which helpers they call). Pure.
 * Throws a `DesignError` that names file, line, element and remedy. The design is trusted: its expressions
 * run on the head.
 */
export function compileDesign(html: string, fileName: string): CompiledTemplates {
  try {
    return compileSource(html);
  } catch (error) {
    if (error instanceof DesignFaultError) throw new DesignError(fileName, error.fault);
    throw error;
  }
}
