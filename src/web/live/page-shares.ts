import { isShared } from '../connection-limits.ts';
import type { Viewer } from './viewers.ts';

type Asking = Pick<Viewer, 'client' | 'pages'>;

/**
 * Every page that somebody has in sight, with the number of pages that its viewer asks for: of several viewers the
 * smallest. One address is one viewer, however many streams it has; behind the loopback each stream is, since all who
 * come through a tunnel or a proxy have that address.
 */
export function pageShares(viewers: Iterable<Asking>): Map<string, number> {
  const asked = new Map<string | Asking, Set<string>>();
  for (const viewer of viewers) {
    const who = viewer.client === null || isShared(viewer.client) ? viewer : viewer.client;
    const pages = asked.get(who) ?? new Set();
    for (const key of viewer.pages.keys()) pages.add(key);
    asked.set(who, pages);
  }
  const shares = new Map<string, number>();
  for (const pages of asked.values())
    for (const key of pages)
      shares.set(key, Math.min(pages.size, shares.get(key) ?? Number.POSITIVE_INFINITY));
  return shares;
}
