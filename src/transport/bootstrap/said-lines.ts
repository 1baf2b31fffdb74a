import { cutText } from '../../lib/cut-text.ts';

/** Lines that a node says beside its messages: login noise and error output. */
export interface SaidLines {
  /** The last ones, newest last. */
  readonly last: readonly string[];
  take(line: string): void;
  /** Nothing follows: hands on what was held back of the last lines. */
  finish(): void;
}

const KEPT_LINES = 20;
const MAX_LINE_LENGTH = 500;
/** Each line is written to a file: a start-up file may print a page, a broken node must not fill the disk. */
const BURST_LINES = 200;
const LINES_PER_SECOND = 2;

/** Hands lines on as long as there are few; of a flood it says how many were left out, and keeps the last. */
export function createSaidLines(
  onLine: (line: string) => void,
  monotonicMs: () => number = () => performance.now(),
): SaidLines {
  const kept: { line: string; isTold: boolean }[] = [];
  let room = BURST_LINES;
  let lastMs = monotonicMs();
  let leftOut = 0;

  function tellLeftOut(count: number): void {
    if (count > 0) onLine(`(${count} more lines left out)`);
    leftOut = 0;
  }

  function hasRoom(): boolean {
    const nowMs = monotonicMs();
    room = Math.min(BURST_LINES, room + ((nowMs - lastMs) / 1000) * LINES_PER_SECOND);
    lastMs = nowMs;
    return room >= 1;
  }

  return {
    get last() {
      return kept.map(({ line }) => line);
    },
    take(said) {
      if (said.trim() === '') return;
      const line = cutText(said, MAX_LINE_LENGTH);
      const isTold = hasRoom();
      kept.push({ line, isTold });
      if (kept.length > KEPT_LINES) kept.shift();
      if (!isTold) {
        leftOut += 1;
        return;
      }
      room -= 1;
      tellLeftOut(leftOut);
      onLine(line);
    },
    finish() {
      const untold = kept.filter(({ isTold }) => !isTold);
      tellLeftOut(leftOut - untold.length);
      for (const one of untold) {
        one.isTold = true;
        onLine(one.line);
      }
    },
  };
}
