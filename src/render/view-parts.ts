import { DASH, formatPercent } from '../lib/format.ts';
import type { CollectorReport } from '../protocol/sample.ts';

/** A bar and the figure beside it. */
export interface Bar {
  text: string;
  /** Whole percent of the width, 0 where the figure is absent. */
  width: number;
  /**
   * Above 60 and above 90 percent, as in MTCMon: how much is used, which is no trouble. `full trouble` is what soon
   * fails for want of room, the only bar in the colour of failures. `absent` where there is no figure.
   */
  level: 'high' | 'full' | 'full trouble' | 'absent' | null;
}

function levelOf(percent: number): Bar['level'] {
  if (percent > 90) return 'full';
  return percent > 60 ? 'high' : null;
}

/** A bar of `percent` of the whole; a dash and no width for null. */
export function bar(percent: number | null): Bar {
  if (percent === null) return { text: DASH, width: 0, level: 'absent' };
  return { text: formatPercent(percent), width: Math.round(percent), level: levelOf(percent) };
}

/** A file system that is as full as this soon refuses what programs write. */
const ALMOST_FULL_PERCENT = 95;

/** Of room that runs out, such as a file system's. */
export function roomBar(percent: number | null): Bar {
  const plain = bar(percent);
  return percent !== null && percent >= ALMOST_FULL_PERCENT ? { ...plain, level: 'full trouble' } : plain;
}

/** What a collector says of what it could not read; null where it says nothing. */
export function reasonOf(collector: CollectorReport | undefined): string | null {
  if (collector === undefined) return 'There is no sample yet.';
  return collector.error ?? (collector.ok ? null : 'It could not be read.');
}

export interface ProgramView {
  pid: number;
  name: string;
  arguments: string | null;
  /** Name and arguments. */
  commandLine: string;
  user: string;
}

interface Program {
  pid: number;
  user: string | null;
  command: string | null;
  arguments: string | null;
}

/**
 * Who runs what. The facts of a process may be unknown: it ended, or lives where it cannot be seen. Where there are
 * many, its fields are copied one by one: to spread them costs V8 several microseconds.
 */
export function viewProgram(program: Program): ProgramView {
  const name = program.command ?? DASH;
  return {
    pid: program.pid,
    name,
    arguments: program.arguments,
    commandLine: program.arguments ? `${name} ${program.arguments}` : name,
    user: program.user ?? DASH,
  };
}
