import { MONITOR_TITLE } from '../protocol/constants.ts';
import { withoutTrailingNulls } from './collectors/command-line.ts';
import { parseProcessStat } from './collectors/process-stat.ts';
import type { System } from './system.ts';

/** Whether a command line is that of a monitor of this node and head: its last words say so. */
export function isMonitorOf(cmdline: string, node: string, headId: string): boolean {
  const words = withoutTrailingNulls(cmdline).replaceAll('\0', ' ');
  const title = `${MONITOR_TITLE} ${node} ${headId}`;
  return words === title || words.endsWith(` ${title}`);
}

function startTicksOf(system: System, pid: number): number | null {
  try {
    const descriptor = system.open(`/proc/${pid}/stat`);
    try {
      const { buffer, length } = system.reread(descriptor);
      return parseProcessStat(buffer, length)?.startTicks ?? null;
    } finally {
      system.close(descriptor);
    }
  } catch {
    return null;
  }
}

/** A monitor's own is far shorter. */
const MAX_COMMAND_LINE_BYTES = 64 * 1024;

/** A wrapper that started this monitor may carry the same last words. */
const isSelf = (pid: number) => pid === process.pid || pid === process.ppid;

/**
 * Ends older monitors of the same node, head and user: SIGKILL also ends one that is stopped. The
 * start time is compared, so that of two newcomers only the older one goes. Returns the ended pids.
 */
export function endForgottenMonitors(system: System, node: string, headId: string): number[] {
  const ownStart = startTicksOf(system, process.pid);
  const ended: number[] = [];
  for (const name of system.list('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || isSelf(pid) || system.ownerOf(`/proc/${pid}`) !== system.uid) continue;
    const cmdline = system.tryReadStart(`/proc/${pid}/cmdline`, MAX_COMMAND_LINE_BYTES);
    if (cmdline === null || !isMonitorOf(cmdline, node, headId)) continue;
    const start = startTicksOf(system, pid);
    const isOlder =
      start !== null && ownStart !== null && (start < ownStart || (start === ownStart && pid < process.pid));
    if (!isOlder) continue;
    try {
      process.kill(pid, 'SIGKILL');
      ended.push(pid);
    } catch {
      // It ended by itself meanwhile.
    }
  }
  return ended;
}
