// How far back the figures go that every node keeps.

export const RECENT_MS = 15 * 60_000;
