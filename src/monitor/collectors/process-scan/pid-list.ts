import type { System } from '../../system.ts';

/** Which processes there are. */
export interface PidList {
  /** The pids of all; `known` are those of the last scan, which are still all where nobody came or went. */
  now(nowMs: number, known: Iterable<number>): number[];
  /** The next answer is listed anew. */
  forget(): void;
}

/** Where nobody seems to come or go all pids are listed so often: lxcfs shows containers figures of its own. */
const LISTED_EVERY_MS = 9_500;

/** Reads /proc/loadavg each time and lists /proc where that has changed. Throws where /proc cannot be listed. */
export function createPidList(system: System): PidList {
  let population = '';
  let listedAtMs = Number.NEGATIVE_INFINITY;

  return {
    now(nowMs, known) {
      // The kernel's last pid changes with every fork, its number of threads with every exit (proc(5), loadavg).
      const found = /\/(\d+ \d+)\n$/.exec(system.tryReadText('/proc/loadavg') ?? '')?.[1] ?? '';
      if (found !== '' && found === population && nowMs - listedAtMs < LISTED_EVERY_MS) return [...known];
      population = found;
      listedAtMs = nowMs;
      const names = system.list('/proc').filter((name) => name >= '1' && name < ':');
      return names.map(Number);
    },
    forget() {
      population = '';
    },
  };
}
