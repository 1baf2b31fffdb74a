import { isLight } from '../../../static/shared/rows.js';
import type { Cluster } from '../../cluster/cluster.ts';
import { sayFault } from '../../lib/guarded.ts';
import { viewGpuRow } from '../../render/gpu-row.ts';
import { viewJobRow, viewUserRow } from '../../render/holdings.ts';
import { fillAges, type PageRenderer, type RowView } from '../../render/page.ts';
import { renderShell } from '../../render/shell.ts';
import { viewNode } from '../../render/view.ts';
import type { RowChange } from '../wire.ts';
import { changeKind, takeRendering, unrendered, type Versioned } from './message.ts';
import { createRowIdentities, type Identity, nameOf, type Row } from './row-identities.ts';
import { rowKey } from './subscription.ts';

/** The rows of a design as they were last rendered, each once for all viewers. */
export interface Rows {
  /** Numbers of rows in the live stream, in their order. */
  idsOf(rows: readonly Row[]): number[];
  /** Names of rows that came after `version`, for those who have not seen them. */
  namesSince(ids: readonly (number | string)[], version: number): Record<number, string>;
  /** Renders the rows that are not as the cluster is now; `version` is that of a change. */
  update(keys: Iterable<string>, version: number, nowMs: number): boolean;
  /** A row as a browser shows it at once: whole, or nothing but its name and state until it is in sight. */
  html(part: number, row: Row, isWhole: boolean, version: number, nowMs: number): string;
  /** As JSON, what somebody needs of a row who has it up to `since`; null where that is nothing. */
  changeJson(key: string, since: number, nowMs: number): string | null;
  /** The node that a row in sight shows, null for several; undefined for an entry that shows no figures of it. */
  nodesInSight(key: string): string | null | undefined;
  /** Forgets the rows that the cluster has no longer. */
  prune(nowMs: number): void;
}

interface KnownRow extends Versioned {
  part: number;
  id: number;
  /** What it was rendered from. */
  source: Row['source'] | null;
  /** Of the same figures, as often as it is asked for. */
  view: () => RowView | null;
  /** Kept from when somebody needs the whole row until it changes: it is many times as large as what changes. */
  html: string | null;
  /** The last change that was asked for: viewers ask for the same one after another. */
  json: { kind: string; version: number; atMs: number; text: string } | null;
}

/** Rows of one design; versions are those of the feed. */
export function createRows(renderer: PageRenderer, cluster: Cluster): Rows {
  const identities = createRowIdentities(cluster);
  const known = new Map<string, KnownRow>();

  /** Null where what it shows has gone meanwhile. */
  function viewOf(row: Row): () => RowView | null {
    switch (row.kind) {
      case 'nodes':
        return () => viewNode(row.source, { isFreeFirst: row.isFreeFirst === true });
      case 'gpus': {
        const report = cluster.node(row.source.node)?.report;
        return () => (report ? viewGpuRow(row.source, report) : null);
      }
      case 'jobs':
        return () => viewJobRow(row.source, (name) => cluster.node(name)?.report);
      case 'users':
        return () => viewUserRow(row.source);
    }
  }

  /** How old the row's figures are now; null for a row of several nodes, or before the first figures. */
  function ageOf(id: number, nowMs: number): number | null {
    const identity = identities.get(id);
    const name = identity?.kind === 'gpus' ? nodeOf(identity) : (identity?.name ?? '');
    const held = cluster.node(name);
    if (!held || held.report.sampleAgeMs === null) return null;
    return held.report.sampleAgeMs + nowMs - held.atMs;
  }

  function updateRow(part: number, id: number, row: Row, version: number, isWhole = false): KnownRow {
    const key = rowKey(part, id);
    const kept: KnownRow = known.get(key) ?? {
      ...unrendered,
      part,
      id,
      source: null,
      view: () => null,
      html: null,
      json: null,
    };
    known.set(key, kept);
    if (kept.source === row.source) return kept;
    const viewAgain = viewOf(row);
    const rendering = renderSafely(part, nameOf(row), id, viewAgain);
    if (rendering === null) return kept;
    const isFirst = kept.source === null;
    kept.source = row.source;
    kept.view = viewAgain;
    kept.html = isWhole ? rendering.html : null;
    takeRendering(kept, rendering, version, !isFirst && renderer.parts[part]?.hasAge);
    return kept;
  }

  function wholeHtml(row: KnownRow): string {
    const name = identities.get(row.id)?.name ?? '';
    row.html ??= renderSafely(row.part, name, row.id, row.view)?.html ?? null;
    return row.html ?? '';
  }

  /** Null where what it shows has gone; a row that cannot be shown fails alone, and says so. */
  function renderSafely(part: number, name: string, id: number, viewAgain: KnownRow['view']) {
    try {
      const view = viewAgain();
      return view && renderer.renderRow(part, view, id);
    } catch (error) {
      sayFault(`the row of ${name}`, error);
      return renderer.renderFault(part, name, id, error);
    }
  }

  function update(keys: Iterable<string>, version: number, nowMs: number): boolean {
    identities.setVersion(version);
    let changed = false;
    for (const key of keys) {
      const [part = 0, id = 0] = key.split(':').map(Number);
      const row = identities.rowById(id, nowMs);
      if (!row || renderer.parts[part]?.kind !== row.kind) continue;
      if (updateRow(part, id, row, version).version === version) changed = true;
    }
    return changed;
  }

  function changeJson(key: string, since: number, nowMs: number): string | null {
    const row = known.get(key);
    const kind = row ? changeKind(row, since) : null;
    if (!row || kind === null) return null;
    const { json } = row;
    // Ages are told to the tenth of a second at best.
    if (json?.kind === kind && json.version === row.version && nowMs - json.atMs < 100) return json.text;
    const age = ageOf(row.id, nowMs);
    const change =
      kind === 'whole'
        ? { html: fillAges(wholeHtml(row), age) }
        : kind === 'all'
          ? { all: row.slots }
          : { set: row.lastSet };
    const rounded = age === null ? null : Math.round(age);
    const text = JSON.stringify({ id: row.id, part: row.part, age: rounded, ...change } satisfies RowChange);
    row.json = { kind, version: row.version, atMs: nowMs, text };
    return text;
  }

  function prune(nowMs: number): void {
    for (const id of identities.prune(nowMs))
      for (const part of renderer.parts.keys()) known.delete(rowKey(part, id));
  }

  return {
    idsOf: (rows) => rows.map(identities.idOf),
    namesSince: identities.namesSince,
    update,
    html(part, row, isWhole, version, nowMs) {
      identities.setVersion(version);
      const id = identities.idOf(row);
      const tag = renderer.parts[part]?.tag ?? 'section';
      if (!isWhole && row.kind === 'nodes') return renderShell(tag, row.source, part, id);
      return fillAges(wholeHtml(updateRow(part, id, row, version, true)), ageOf(id, nowMs));
    },
    changeJson,
    nodesInSight(key) {
      const [part = 0, id = 0] = key.split(':').map(Number);
      const identity = identities.get(id);
      if (!identity) return undefined;
      if (identity.kind === 'gpus') return nodeOf(identity);
      if (identity.kind !== 'nodes') return null;
      const { tag = '', hasAge = false } = renderer.parts[part] ?? {};
      // Whoever is told how old figures are looks at figures.
      return hasAge || !isLight(tag) ? identity.name : undefined;
    },
    prune,
  };
}

const nodeOf = ({ name }: Identity) => name.slice(0, name.lastIndexOf(' '));
