import { Eta } from 'eta/core';
import { AGE_MS, AGE_TEXT, type CompiledTemplates, CUT } from '../lib/compiled-templates.ts';
import { escapeHtml, isPlain, withoutControls } from '../lib/escape-html.ts';
import { DASH, formatAge } from '../lib/format.ts';
import { type PageView, viewPage } from './page-view.ts';
import type { NodeView } from './view.ts';

/** Runs the compiled templates and keeps what they showed, so that two renderings can be compared. */

/** Values in the order in which they are shown; null is an attribute that is left out. */
export type Slots = (string | null)[];

export interface Rendering {
  /** Pieces that are replaced as a whole when `structure` changes: one for each loop over the nodes. */
  parts: string[];
  slots: Slots;
  /** Row counts and conditions, in order. Equal ones mean that only slots differ. */
  structure: string;
}

export interface PageRendering extends Rendering {
  html: string;
  /** Conditions around whole loops of nodes: when this changes, only a reload helps. */
  outerStructure: string;
}

export interface PageInput {
  page: PageView;
  /** All nodes' HTML of one part, ages filled in. */
  nodes(part: number): string;
  /** `EPOCH.VERSION` of the live stream. */
  version: string;
  /** The live stream's address. */
  events: string;
}

export interface PageRenderer {
  /** `id` is the node's number in the live stream. Ages are left as marks: see `fillAges`. */
  renderNode(view: NodeView, id: number): Rendering;
  renderPage(input: PageInput): PageRendering;
  /** How many loops over the nodes the design has. */
  readonly partCount: number;
}

const safeLink = /^(?:https?:|mailto:|[^a-z]|[a-z][a-z0-9+.-]*(?:[/?#]|$))/i;

/** Links of a design lead to the web or into the page, never to a program (`javascript:`, `data:`). */
export function isSafeLink(value: string): boolean {
  // Browsers drop tabs, newlines and leading controls before they look for a scheme.
  const seen = value.replace(/[\u0000-\u0020]/g, '');
  return seen === '' || safeLink.test(seen);
}

/** The helpers that the templates call; one set serves all renderings, which are synchronous. */
class Recorder {
  readonly cut = CUT;
  readonly ageText = AGE_TEXT;
  readonly ageMs = AGE_MS;
  id: number | string = '';
  node: NodeView | null = null;
  page: PageView | null = null;
  version = '';
  events = '';
  nodes: (part: number) => string = () => '';
  slots: Slots = [];
  structure = '';
  outerStructure = '';

  start(): void {
    this.slots = [];
    this.structure = '';
    this.outerStructure = '';
  }

  get from(): number {
    return this.slots.length;
  }

  text(value: unknown): string {
    const text = value === null || value === undefined || value === '' ? DASH : String(value);
    return this.record(text);
  }

  attribute(name: string, value: unknown): string {
    if (value === null || value === undefined || value === false) {
      this.slots.push(null);
      return '';
    }
    const text = value === true ? '' : String(value);
    // Another row in the same place is another structure: what was opened of a row follows it.
    if (name === 'data-key') this.structure += `${text},`;
    return ` ${name}="${this.record(text)}"`;
  }

  link(name: string, value: unknown): string {
    const link = value === null || value === undefined ? null : String(value);
    return this.attribute(name, link !== null && isSafeLink(link) ? link : null);
  }

  rows(list: unknown): readonly unknown[] {
    const rows = Array.isArray(list) ? list : [];
    this.structure += `${rows.length},`;
    return rows;
  }

  shown(value: unknown): boolean {
    this.structure += value ? '+' : '-';
    return Boolean(value);
  }

  outer(value: unknown): boolean {
    this.outerStructure += value ? '+' : '-';
    return Boolean(value);
  }

  private record(text: string): string {
    if (isPlain(text)) {
      this.slots.push(text);
      return text;
    }
    const visible = withoutControls(text);
    this.slots.push(visible);
    return escapeHtml(visible);
  }
}

/** What is shown of a node that the design cannot show: one node must never hide the others. */
function brokenNode(view: NodeView, id: number, error: unknown, partCount: number): Rendering {
  const name = escapeHtml(withoutControls(view.name));
  const why = escapeHtml(withoutControls(error instanceof Error ? error.message : String(error)));
  const last = partCount - 1;
  const html =
    `<section data-live-node="${id}" data-live-part="${last}"><h2 id="${name}">${name}</h2>` +
    `<p class="errormsg">The design cannot show this node: ${why}</p></section>`;
  const parts = Array.from({ length: partCount }, (_, part) => (part === last ? html : ''));
  return { parts, slots: [], structure: `error ${why}` };
}

/** Replaces the marks for a node's age. `ageMs` is null before the first sample. */
export function fillAges(html: string, ageMs: number | null): string {
  if (!html.includes(AGE_MS)) return html;
  const shown = ageMs === null ? '' : String(Math.round(ageMs));
  return html.replaceAll(AGE_MS, shown).replaceAll(AGE_TEXT, formatAge(ageMs));
}

const trialPage = viewPage({ version: '', demo: true, problems: [''], onlyNode: null }, []);

/**
 * Compiles the templates once; rendering is synchronous and does no I/O. Throws where the page's own
 * expressions fail; a node's expressions that fail show an error in that node's place.
 */
export function createPageRenderer(templates: CompiledTemplates): PageRenderer {
  const eta = new Eta({ autoTrim: false, autoEscape: false });
  const nodeTemplate = eta.compile(templates.node).bind(eta);
  const pageTemplate = eta.compile(templates.page).bind(eta);
  const partCount = templates.node.split('<%~ it.cut %>').length - 1;
  const recorder = new Recorder();

  function renderNode(view: NodeView, id: number): Rendering {
    recorder.start();
    recorder.node = view;
    recorder.id = id;
    try {
      const parts = nodeTemplate(recorder).split(CUT);
      parts.pop();
      return { parts, slots: recorder.slots, structure: recorder.structure };
    } catch (error) {
      return brokenNode(view, id, error, partCount);
    }
  }

  function renderPage(input: PageInput): PageRendering {
    recorder.start();
    recorder.page = input.page;
    recorder.nodes = input.nodes;
    recorder.version = input.version;
    recorder.events = escapeHtml(input.events);
    const pieces = pageTemplate(recorder).split(CUT);
    return {
      html: pieces.join(''),
      parts: pieces.filter((_, at) => at % 2 === 1),
      slots: recorder.slots,
      structure: recorder.structure,
      outerStructure: recorder.outerStructure,
    };
  }

  renderPage({ page: trialPage, nodes: () => '', version: '', events: '' });
  return { renderNode, renderPage, partCount };
}
