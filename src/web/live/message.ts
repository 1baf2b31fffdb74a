import type { Slots } from '../../render/page.ts';

/** What changed of a row or a page, and the events that tell it; `web/wire.ts` says what they hold. */

/** The slots that differ, numbers and values in turn. Both have the same structure. */
export function changedSlots(before: Slots, after: Slots): (number | string | null)[] {
  const changed: (number | string | null)[] = [];
  for (let slot = 0; slot < after.length; slot += 1) {
    const value = after[slot] ?? null;
    if (value !== before[slot]) changed.push(slot, value);
  }
  return changed;
}

/** What was rendered last, and when it changed. Versions count up with every change that anybody can be sent. */
export interface Versioned {
  slots: Slots;
  structure: string;
  version: number;
  /** The one before: whoever has it needs only `lastSet`. */
  previousVersion: number;
  structureVersion: number;
  lastSet: (number | string | null)[];
}

export const unrendered: Versioned = {
  slots: [],
  structure: 'none',
  version: 0,
  previousVersion: 0,
  structureVersion: 0,
  lastSet: [],
};

/** Takes in a new rendering; false where nothing changed. `always`: its age is shown, and is new. */
export function takeRendering(
  kept: Versioned,
  next: Pick<Versioned, 'slots' | 'structure'>,
  version: number,
  always = false,
): boolean {
  const same = kept.structure === next.structure;
  const set = same ? changedSlots(kept.slots, next.slots) : [];
  kept.slots = next.slots;
  kept.structure = next.structure;
  if (same && set.length === 0 && !always) return false;
  kept.lastSet = set;
  kept.previousVersion = kept.version;
  kept.version = version;
  if (!same) kept.structureVersion = version;
  return true;
}

/** What somebody needs who has seen everything up to `since`: the whole, all values, or those that changed last. */
export function changeKind(kept: Versioned, since: number): 'whole' | 'all' | 'set' | null {
  if (kept.version <= since) return null;
  if (kept.structureVersion > since) return 'whole';
  return kept.previousVersion <= since ? 'set' : 'all';
}

const encoder = new TextEncoder();

/** As a server-sent event, ready for the wire. */
export function encodeEvent(id: string, data: string): Uint8Array {
  return encoder.encode(`id: ${id}\ndata: ${data}\n\n`);
}

/** The first event of a stream tells its number, by which the browser says what it has in sight. */
export function encodeOpening(stream: string): Uint8Array {
  return encoder.encode(`retry: 2000\nevent: stream\ndata: ${stream}\n\n`);
}

/** Asks for a reload of the page: its design or its head is another one now. */
export const RELOAD = encoder.encode('event: reload\ndata: reload\n\n');
/** A comment keeps proxies from closing the connection; the event tells the script that the head lives. */
export const KEEPALIVE = encoder.encode(': keepalive\nevent: ping\ndata: ping\n\n');
