/**
 * Whose turn it is among the pages that streams follow. Each is made at most once a second, and all together within a
 * share of the head's time; those come first that have waited for longest, measured by how many pages their viewer has.
 */
export interface PageTurns {
  /** Pages by the share of their viewer, as they are followed from now on. */
  follow(shares: ReadonlyMap<string, number>): void;
  isFollowed(key: string): boolean;
  /** Whether somebody asks for a page that was not made yet. */
  isAwaited(key: string): boolean;
  /** Gives the pages their turns: `make` makes one anew. False while all rest. */
  giveTurns(nowMs: number, make: (key: string) => void): void;
}

/** What the turns are told of pages. */
export interface TurnsInputs {
  /** Of a page that is kept, when it was made; undefined for others. */
  madeAtMs(key: string): number | undefined;
  /** Whether it is as the cluster is now. */
  isCurrent(key: string): boolean;
  /** Whether the path is that of a page. */
  isPage(key: string): boolean;
}

const PAGE_MS = 1_000;
/** Rendering pages takes this long at a time, and then rests for so many times as long as it took. */
const ROUND_MS = 50;
const REST_TIMES = 4;

/** Keys are paths of pages; times are monotonic milliseconds. */
export function createPageTurns({ madeAtMs, isCurrent, isPage }: TurnsInputs): PageTurns {
  let followed: ReadonlyMap<string, number> = new Map();
  /** Since when somebody asks for a page that was not made yet; null where it is none. */
  const askedAtMs = new Map<string, number | null>();
  let restsUntilMs = 0;

  /** Which of those that are followed are new; the path of one is read once. */
  function noteAsked(nowMs: number): void {
    for (const key of askedAtMs.keys())
      if (!followed.has(key) || madeAtMs(key) !== undefined) askedAtMs.delete(key);
    for (const key of followed.keys()) {
      if (madeAtMs(key) !== undefined || askedAtMs.has(key)) continue;
      askedAtMs.set(key, isPage(key) ? nowMs - PAGE_MS : null);
    }
  }

  /** The keys of pages that are another now, those first whose turn it is. */
  function dueKeys(nowMs: number): string[] {
    const due: { key: string; waited: number }[] = [];
    for (const [key, share] of followed) {
      const sinceMs = madeAtMs(key) ?? askedAtMs.get(key);
      if (sinceMs == null || nowMs - sinceMs < PAGE_MS || isCurrent(key)) continue;
      due.push({ key, waited: (nowMs - sinceMs) / share });
    }
    return due.sort((a, b) => b.waited - a.waited).map(({ key }) => key);
  }

  return {
    follow(shares) {
      followed = shares;
    },
    isFollowed: (key) => followed.has(key),
    // What is no path of a page will never be one.
    isAwaited: (key) => askedAtMs.get(key) !== null,
    giveTurns(nowMs, make) {
      if (nowMs < restsUntilMs) return;
      const startMs = performance.now();
      noteAsked(nowMs);
      for (const key of dueKeys(nowMs)) {
        make(key);
        if (performance.now() - startMs > ROUND_MS) break;
      }
      restsUntilMs = nowMs + REST_TIMES * (performance.now() - startMs);
    },
  };
}
