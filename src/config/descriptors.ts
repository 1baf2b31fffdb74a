import { closeSync, openSync, readFileSync } from 'node:fs';

/** How this process's file descriptors are shared out, so that browsers and nodes cannot take them from each other. */
export interface DescriptorShares {
  /** All that the process may have. */
  limit: number;
  /** For connections of browsers and programs. */
  web: number;
  /** Kept back from nodes: the web's share, and what the head itself needs (logs, sockets, node list). */
  reserved: number;
  /** How many logins may be under way: each may start programs with pipes to them. */
  logins: number;
}

const OWN = 32;
const FEWEST_WEB = 16;
const MOST_WEB = 2_048;
const PER_LOGIN = 8;

/** Pure. A quarter is the web's. */
export function shareDescriptors(limit: number): DescriptorShares {
  const web = Math.min(MOST_WEB, Math.max(FEWEST_WEB, Math.floor((limit - OWN) / 4)));
  const reserved = web + OWN;
  return { limit, web, reserved, logins: Math.max(1, Math.floor((limit - reserved) / PER_LOGIN)) };
}

/** The soft limit, which Node.js has raised to the hard one at its start; a usual one where nobody tells. */
export function descriptorLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? 1_024 : Number(soft);
  } catch {
    return 1_024;
  }
}

/** The kernel hands out the lowest free number: at least as many descriptors are in use. */
export function descriptorsInUse(): number {
  try {
    const lowest = openSync('/dev/null', 'r');
    closeSync(lowest);
    return lowest;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
