import { createLineSplitter } from '../../../lib/line-splitter.ts';
import type { Leash } from '../../leash.ts';
import type { RunningProgram, System } from '../../system.ts';

/** How a tool that runs in loop mode is doing. */
export type ToolState =
  /** `after`: why it ended the last time, where that was not in order. */
  | { kind: 'starting'; sinceMs: number; after: string | null }
  | { kind: 'ticking' }
  /** `words`: what it says all the while in place of an answer; empty where it says nothing, as one that hangs. */
  | { kind: 'silent'; forMs: number; words: string }
  | { kind: 'ended'; reason: string };

export interface ToolLoopOptions {
  system: System;
  leash: Leash;
  program: string;
  args: () => readonly string[];
  /** True where the line is part of an answer; other lines are kept as the tool's own words. */
  onLine: (line: string) => boolean;
  /** How long between two answers at most. */
  silenceLimitMs: () => number;
  /** For a tool that rightly prints nothing when there is nothing: being scheduled is an answer too. */
  quietIsAlive: boolean;
}

export interface ToolLoop {
  start(): void;
  /** Ends the running tool and starts it with new arguments as soon as it is gone. */
  restart(): void;
  state(): ToolState;
  stop(): void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
const HEALTHY_AFTER_MS = 60_000;
/**
 * A tool that answers nothing for so long is killed; a new one is started only once it is really gone. The first answer
 * takes long where the driver is not kept loaded: seconds per GPU.
 */
const KILL_AFTER_MS = 30_000;
const MAX_LINE_BYTES = 16 * 1024;
const KEPT_WORDS = 5;

/** Keeps one program running in loop mode: never two of it, never one per sample. */
export function createToolLoop(options: ToolLoopOptions): ToolLoop {
  const { system } = options;
  let child: RunningProgram | null = null;
  let timer: NodeJS.Timeout | null = null;
  let waitMs = FIRST_WAIT_MS;
  let startedAtMs = 0;
  let answeredAtMs = 0;
  let answered = false;
  let switches = '';
  /** Lines that were no answer, each with when it was said last. */
  const words = new Map<string, number>();
  let endReason: string | null = null;
  let stopped = true;
  let restartWanted = false;

  function takeLine(line: string): void {
    const said = line.trim();
    if (said === '') return;
    if (options.onLine(line)) {
      answeredAtMs = system.monotonicMs();
      answered = true;
      endReason = null;
      return;
    }
    words.delete(said);
    words.set(said, system.monotonicMs());
    const [oldest] = words.keys();
    if (words.size > KEPT_WORDS && oldest !== undefined) words.delete(oldest);
  }

  const wordsSince = (ms: number) => [...words].flatMap(([said, atMs]) => (atMs >= ms ? said : [])).join(' ');

  function listen(running: RunningProgram): void {
    const tooLong = () => takeLine('(a line without end)');
    const out = createLineSplitter(MAX_LINE_BYTES, takeLine, tooLong);
    const err = createLineSplitter(MAX_LINE_BYTES, takeLine, tooLong);
    running.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    running.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  }

  function launch(): void {
    timer = null;
    restartWanted = false;
    words.clear();
    answered = false;
    switches = '';
    startedAtMs = answeredAtMs = system.monotonicMs();
    const running = system.start(options.program, options.args());
    child = running;
    options.leash.add(running);
    listen(running);
    running.once('error', (error) => onEnd(running, error.message));
    running.once('close', (code, signal) =>
      onEnd(running, signal ? `ended by ${signal}` : `exit code ${code}`),
    );
  }

  function onEnd(running: RunningProgram, how: string): void {
    if (child !== running) return;
    child = null;
    // What it said long before its last answer was not the end of it: a header, a warning.
    const last = wordsSince(answeredAtMs - options.silenceLimitMs());
    endReason = restartWanted ? endReason : [last, how].filter((part) => part !== '').join(' · ');
    if (stopped) return;
    const nowMs = system.monotonicMs();
    if (nowMs - startedAtMs > HEALTHY_AFTER_MS) waitMs = FIRST_WAIT_MS;
    timer = setTimeout(launch, restartWanted ? 0 : waitMs);
    if (!restartWanted) waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
  }

  /** A process that sleeps between ticks is switched to again and again; one stuck in the driver is not. */
  function isScheduled(): boolean {
    const status = system.tryReadText(`/proc/${child?.pid}/status`);
    const found = /^voluntary_ctxt_switches:\s*(\d+)/m.exec(status ?? '')?.[1] ?? '';
    const moved = found !== switches;
    switches = found;
    return moved;
  }

  function state(): ToolState {
    const nowMs = system.monotonicMs();
    if (child === null) return { kind: 'ended', reason: endReason ?? 'not started' };
    const limitMs = options.silenceLimitMs();
    const complaints = wordsSince(nowMs - limitMs);
    const isQuiet = options.quietIsAlive && complaints === '' && nowMs - answeredAtMs > limitMs / 2;
    if (isQuiet && isScheduled()) answeredAtMs = nowMs;
    const silentMs = nowMs - answeredAtMs;
    if (silentMs > Math.max(KILL_AFTER_MS, limitMs)) child.kill('SIGKILL');
    if (silentMs > limitMs) return { kind: 'silent', forMs: silentMs, words: complaints };
    if (answered || options.quietIsAlive) return { kind: 'ticking' };
    return { kind: 'starting', sinceMs: nowMs - startedAtMs, after: endReason };
  }

  return {
    start() {
      stopped = false;
      if (child === null && timer === null) launch();
    },
    restart() {
      if (child === null) return;
      restartWanted = true;
      child.kill('SIGTERM');
    },
    state,
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      timer = null;
      child?.kill('SIGKILL');
    },
  };
}
