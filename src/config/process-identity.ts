import { readFileSync } from 'node:fs';

/** What tells this very process from another one with its number; null where there is none. */
export function processIdentity(pid: number): { startTicks: number; bootId: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { startTicks: Number(fields[19]), bootId };
  } catch {
    return null;
  }
}
