import { fillAges, type Slots } from '../render/page.ts';

/**
 * What travels to the browsers, as JSON in server-sent events:
 * `{ page?: Change, order?: number[], nodes: (Change & { id, age })[] }`.
 */
export interface Change {
  /** Slot numbers and their new values, in turn. */
  set?: (number | string | null)[];
  /** The values of all slots. */
  all?: Slots;
  /** The HTML of all parts: the structure changed. */
  parts?: string[];
}

export interface NodeChange extends Change {
  id: number;
  /** Milliseconds since the sample was taken, when this was sent; null before the first one. */
  age: number | null;
}

/** The slots that differ, numbers and values in turn. Both have the same structure. */
export function changedSlots(before: Slots, after: Slots): (number | string | null)[] {
  const changed: (number | string | null)[] = [];
  for (let slot = 0; slot < after.length; slot += 1) {
    const value = after[slot] ?? null;
    if (value !== before[slot]) changed.push(slot, value);
  }
  return changed;
}

/** One rendering of a node or of the page, and when it last changed. */
export interface Versioned {
  slots: Slots;
  parts: string[];
  structure: string;
  version: number;
  structureVersion: number;
}

/** Takes in a new rendering and says what changed since the last one; null where nothing did. */
export function takeRendering(
  kept: Versioned,
  next: Pick<Versioned, 'slots' | 'parts' | 'structure'>,
  version: number,
): Change | null {
  const same = kept.structure === next.structure;
  const set = same ? changedSlots(kept.slots, next.slots) : [];
  kept.slots = next.slots;
  kept.parts = next.parts;
  kept.structure = next.structure;
  if (same && set.length === 0) return null;
  kept.version = version;
  if (same) return { set };
  kept.structureVersion = version;
  return { parts: next.parts };
}

/** What somebody needs who has seen everything up to `since`. */
export function changeSince(kept: Versioned, since: number): Change | null {
  if (kept.version <= since) return null;
  return kept.structureVersion > since ? { parts: kept.parts } : { all: kept.slots };
}

/** Parts of a node go out with its age filled in. */
export function withAge(id: number, age: number | null, change: Change | null): NodeChange {
  const rounded = age === null ? null : Math.round(age);
  if (!change?.parts) return { id, age: rounded, ...change };
  return { id, age: rounded, parts: change.parts.map((part) => fillAges(part, age)) };
}

const encoder = new TextEncoder();

export function encodeEvent(id: string, data: string): Uint8Array {
  return encoder.encode(`id: ${id}\ndata: ${data}\n\n`);
}

/** Asks for a reload of the page: its design or its head is another one now. */
export const RELOAD = encoder.encode('event: reload\ndata: reload\n\n');
/** A comment keeps proxies from closing the connection; the event tells the script that the head lives. */
export const KEEPALIVE = encoder.encode(': keepalive\nevent: ping\ndata: ping\n\n');
export const OPENING = encoder.encode('retry: 2000\n\n');
