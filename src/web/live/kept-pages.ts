import type { RowKind } from '../../lib/row-kinds.ts';
import { type PageRequest, pathOf } from '../../render/page-request.ts';
import type { Entry, PageChange } from '../wire.ts';
import { changeKind, unrendered, type Versioned } from './message.ts';
import type { Rows } from './rows.ts';

/** A page as it was last rendered. */
export interface KeptPage extends Versioned {
  request: PageRequest;
  pieces: Record<number, string>;
  outerStructure: string;
  orders: Map<RowKind, { entries: Entry[]; version: number }>;
  /** What of the cluster it was made of. */
  madeOf: string;
  atMs: number;
}

/** Pages that were loaded are kept for the streams that continue them; of those that nobody follows, the last ones. */
const MOST_LOADED = 32;

export interface KeptPages {
  readonly count: number;
  get(key: string): KeptPage | undefined;
  /** The page of a request, now the one that was asked for last; an empty one where it is new. */
  keep(request: PageRequest, nowMs: number): KeptPage;
  /** Forgets all others. */
  keepOnly(keys: ReadonlySet<string>): void;
}

/** `isFollowed`: whether a stream continues the page of this key. */
export function createKeptPages(isFollowed: (key: string) => boolean): KeptPages {
  /** In the order in which they were asked for last. */
  const pages = new Map<string, KeptPage>();

  function forgetOldest(): void {
    let loaded = 0;
    for (const key of pages.keys()) if (!isFollowed(key)) loaded += 1;
    for (const key of pages.keys()) {
      if (loaded <= MOST_LOADED) return;
      if (isFollowed(key)) continue;
      pages.delete(key);
      loaded -= 1;
    }
  }

  return {
    get count() {
      return pages.size;
    },
    get: (key) => pages.get(key),
    keep(request, nowMs) {
      const key = pathOf(request);
      const known = pages.get(key);
      pages.delete(key);
      const page = known ?? {
        ...unrendered,
        request,
        pieces: {},
        outerStructure: '',
        orders: new Map(),
        madeOf: '',
        atMs: nowMs,
      };
      pages.set(key, page);
      if (known === undefined) forgetOldest();
      return page;
    },
    keepOnly(keys) {
      for (const key of pages.keys()) if (!keys.has(key)) pages.delete(key);
    },
  };
}

/** As JSON, what somebody needs of a page who has it up to `since`; null for nothing. */
export function pageChangeJson(key: string, page: KeptPage, rows: Rows, since: number): string | null {
  const kind = changeKind(page, since);
  if (kind === null) return null;
  // Replaced pieces shift the numbers of the values behind them: all values travel with them.
  const change =
    kind === 'whole'
      ? { pieces: page.pieces, all: page.slots }
      : kind === 'all'
        ? { all: page.slots }
        : { set: page.lastSet };
  return JSON.stringify({ key, ...change, ...ordersSince(rows, page, since) } satisfies PageChange);
}

/** Lists that changed after `since`, with the names of rows that came since then. */
function ordersSince(rows: Rows, page: KeptPage, since: number) {
  const orders: Partial<Record<RowKind, Entry[]>> = {};
  const names: Record<number, string> = {};
  for (const [kind, { entries, version }] of page.orders) {
    if (version <= since) continue;
    orders[kind] = entries;
    Object.assign(names, rows.namesSince(entries, since));
  }
  return Object.keys(orders).length > 0 ? { orders, names } : {};
}
