import type { System } from '../../system.ts';
import { type ProcessStat, parseProcessName, parseProcessStat } from '../process-stat.ts';
import { mostKeptDescriptors } from './kept-descriptors.ts';

/**
 * `/proc/PID/stat` of all processes. A kept descriptor belongs to one process for ever (the kernel answers ESRCH once
 * it is gone), so a reused pid is told apart.
 */
export interface StatFiles {
  /** Opens and reads it for the first time. */
  open(pid: number): OpenedStat;
  /** Reads it again; null once the process is gone. */
  reread(descriptor: number): ProcessStat | null;
  close(descriptor: number): void;
}

export interface OpenedStat {
  /** Null where the process is gone. */
  stat: ProcessStat | null;
  name: string;
  /** Kept open, because opening costs more than reading; null once there are too many. */
  descriptor: number | null;
}

/** Keeps as many open as the login may; what can be read no more is null and never thrown. */
export function createStatFiles(system: System): StatFiles {
  const mostKept = mostKeptDescriptors(system);
  let kept = 0;

  function readOpened(descriptor: number): { stat: ProcessStat | null; name: string } {
    try {
      const { buffer, length } = system.rereadOnce(descriptor);
      return { stat: parseProcessStat(buffer, length), name: parseProcessName(buffer, length) };
    } catch {
      return { stat: null, name: '' };
    }
  }

  return {
    open(pid) {
      let descriptor: number;
      try {
        descriptor = system.open(`/proc/${pid}/stat`);
      } catch {
        return { stat: null, name: '', descriptor: null };
      }
      const opened = readOpened(descriptor);
      const isKept = opened.stat !== null && kept < mostKept;
      if (isKept) kept++;
      else system.close(descriptor);
      return { ...opened, descriptor: isKept ? descriptor : null };
    },
    reread(descriptor) {
      try {
        const { buffer, length } = system.rereadOnce(descriptor);
        return parseProcessStat(buffer, length);
      } catch {
        return null;
      }
    },
    close(descriptor) {
      kept--;
      try {
        system.close(descriptor);
      } catch {
        // It is closed.
      }
    },
  };
}
