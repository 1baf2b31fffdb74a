import { Eta } from 'eta/core';
import { isLight } from '../../static/shared/rows.js';
import {
  AGE_MS,
  AGE_TEXT,
  type CompiledTemplates,
  CUT,
  OUTER,
  viewNames,
} from '../lib/compiled-templates.ts';
import { escapeHtml, isPlain } from '../lib/escape-html.ts';
import { DASH, formatAge } from '../lib/format.ts';
import type { RowKind } from '../lib/row-kinds.ts';
import { withoutControls } from '../lib/visible-text.ts';
import { type PageView, trialPage } from './page-view.ts';

/** Runs the compiled templates and keeps what they showed, so that two renderings can be compared. */

/** Values in the order in which they are shown; null is an attribute that is left out. */
export type Slots = (string | null)[];

interface Recorded {
  slots: Slots;
  /** Row counts and conditions, in order. Equal ones mean that only slots differ. */
  structure: string;
}

export interface RowRendering extends Recorded {
  html: string;
}

export interface PageRendering extends Recorded {
  html: string;
  /** Pieces that are replaced as a whole when `structure` changes, by their numbers in the design. */
  pieces: Record<number, string>;
  /** Conditions around whole loops of rows: when this changes, only a reload helps. */
  outerStructure: string;
}

export interface PageInput {
  page: PageView;
  /** The rows of one part, ages filled in. */
  part(number: number): string;
  /** `EPOCH.VERSION` of the live stream. */
  version: string;
  /** The page's name in the live stream. */
  pageKey: string;
  /** The oldest that history has, epoch ms; none without history. */
  sinceMs?: number | null;
}

/** What every row's view has, whatever else it shows. */
export interface RowView {
  name: string;
  /** Older figures than this are greyed. */
  ageLimitMs?: number;
}

/** One loop of the design. */
export interface Part {
  kind: RowKind;
  /** The element of a row, in lower case. */
  tag: string;
  /** Whether it shows how old a row's figures are. */
  hasAge: boolean;
}

export interface PageRenderer {
  readonly parts: readonly Part[];
  /** `id` is the row's number in the live stream. Ages are left as marks: see `fillAges`. */
  renderRow(part: number, view: RowView, id: number): RowRendering;
  /** What stands in the place of a row that cannot be shown. */
  renderFault(part: number, name: string, id: number, error: unknown): RowRendering;
  renderPage(input: PageInput): PageRendering;
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
  readonly outerMark = OUTER;
  id: number | string = '';
  row: RowView | null = null;
  page: PageView | null = null;
  version = '';
  pageKey = '';
  since = '';
  wholePart = '';
  pieceNumbers: number[] = [];
  part: (number: number) => string = () => '';
  slots: Slots = [];
  structure = '';
  outerStructure = '';

  start(): void {
    this.slots = [];
    this.structure = '';
    this.outerStructure = '';
    this.pieceNumbers = [];
  }

  piece(number: number): string {
    this.pieceNumbers.push(number);
    return CUT;
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

  inView(names: string): boolean {
    return names.split(' ').includes(this.page?.view ?? '');
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

/** What is shown of a row that the design cannot show: one row must never hide the others. */
function brokenRow(tag: string, part: number, name: string, id: number, error: unknown): RowRendering {
  const shown = escapeHtml(withoutControls(name));
  const why = escapeHtml(withoutControls(error instanceof Error ? error.message : String(error)));
  const text = `<b>${shown}</b> <span class="errormsg">This cannot be shown: ${why}</span>`;
  const content = tag === 'tr' ? `<td colspan="99">${text}</td>` : text;
  const html = `<${tag} id="${shown}" data-live-row="${id}" data-live-part="${part}">${content}</${tag}>`;
  return { html, slots: [], structure: `error ${why}` };
}

/** Replaces the marks for a row's age. `ageMs` is null before the first sample. */
export function fillAges(html: string, ageMs: number | null): string {
  if (!html.includes(AGE_MS)) return html;
  const shown = ageMs === null ? '' : String(Math.round(ageMs));
  return html.replaceAll(AGE_MS, shown).replaceAll(AGE_TEXT, formatAge(ageMs));
}

/**
 * Compiles the templates once; rendering is synchronous and does no I/O. Throws where the page's own
 * expressions fail; a row's expressions that fail show an error in that row's place.
 */
export function createPageRenderer(templates: CompiledTemplates): PageRenderer {
  const eta = new Eta({ autoTrim: false, autoEscape: false });
  const pageTemplate = eta.compile(templates.page).bind(eta);
  const rowTemplates = templates.parts.map(({ template }) => eta.compile(template).bind(eta));
  const parts = templates.parts.map(({ kind, tag, template }) => ({
    kind,
    tag,
    hasAge: template.includes('it.ageMs'),
  }));
  // A page asks for rows while it is rendered: each has its own memory of what it showed.
  const rowRecorder = new Recorder();
  const pageRecorder = new Recorder();
  const whole = parts.findIndex(({ kind, tag }) => kind === 'nodes' && !isLight(tag));
  if (whole >= 0) pageRecorder.wholePart = `${whole} ${parts[whole]?.tag}`;

  const renderFault = (part: number, name: string, id: number, error: unknown) =>
    brokenRow(parts[part]?.tag ?? 'p', part, name, id, error);

  function renderRow(part: number, view: RowView, id: number): RowRendering {
    rowRecorder.start();
    rowRecorder.row = view;
    rowRecorder.id = id;
    const template = rowTemplates[part];
    if (template === undefined) throw new RangeError(`the design has no part ${part}`);
    try {
      const html = template(rowRecorder);
      return { html, slots: rowRecorder.slots, structure: rowRecorder.structure };
    } catch (error) {
      return renderFault(part, view.name, id, error);
    }
  }

  function renderPage(input: PageInput): PageRendering {
    pageRecorder.start();
    pageRecorder.page = input.page;
    pageRecorder.part = input.part;
    pageRecorder.version = input.version;
    pageRecorder.pageKey = escapeHtml(input.pageKey);
    pageRecorder.since = input.sinceMs == null ? '' : String(Math.round(input.sinceMs));
    const pieces = pageTemplate(pageRecorder).split(CUT);
    return {
      html: pieces.join('').replace(OUTER, pageRecorder.outerStructure),
      pieces: Object.fromEntries(
        pageRecorder.pieceNumbers.map((number, at) => [number, pieces[2 * at + 1] ?? '']),
      ),
      slots: pageRecorder.slots,
      structure: pageRecorder.structure,
      outerStructure: pageRecorder.outerStructure,
    };
  }

  for (const view of viewNames)
    renderPage({ page: trialPage(view), part: () => '', version: '', pageKey: '' });
  return { parts, renderRow, renderFault, renderPage };
}
