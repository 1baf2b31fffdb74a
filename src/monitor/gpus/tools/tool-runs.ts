import type { Leash } from '../../leash.ts';
import type { RunningProgram, System } from '../../system.ts';
import type { ToolState } from './tool-loop.ts';

/** One question to a tool that answers once and ends. */
export interface ToolQuestion {
  args: readonly string[];
  /** Takes all that the tool printed; false where that is no answer. */
  take: (text: string) => boolean;
  /** Its failure is told by `problem` and leaves the other answers standing. */
  isOptional?: boolean;
}

export interface ToolRunsOptions {
  system: System;
  leash: Leash;
  program: string;
  /** The questions of the next round, asked one after the other; later ones may depend on earlier answers. */
  questions: () => Iterable<ToolQuestion>;
}

/** A tool without a loop mode, run again and again: never two of it, and never for more than a tenth of the time. */
export interface ToolRuns {
  start(intervalMs: number): void;
  setInterval(intervalMs: number, watched: boolean): void;
  state(): ToolState;
  /** Why an optional question of the last round was not answered. */
  problem(): string | null;
  /** Monotonic time at which the last complete round began; null before the first. */
  answeredSinceMs(): number | null;
  stop(): void;
}

/** While nobody watches, an answer in ten seconds is soon enough. */
const UNWATCHED_PERIOD_MS = 10_000;
/** Pause after a round, in lengths of that round: the tool costs a tenth of one core at most. */
const PAUSE_PER_RUN = 9;
const LONGEST_PAUSE_MS = 120_000;
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 120_000;
/** Python tools need seconds on a busy node with eight GPUs. */
const SILENCE_LIMIT_MS = 10_000;
/** A tool stuck in the driver does not die of this; no other is started before it is gone. */
const KILL_AFTER_MS = 30_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const KEPT_WORDS_LENGTH = 400;

/** Runs nothing before `start`. */
export function createToolRuns(options: ToolRunsOptions): ToolRuns {
  const { system } = options;
  let child: RunningProgram | null = null;
  let timer: NodeJS.Timeout | null = null;
  let stopped = true;
  let intervalMs = 1_000;
  let watched = false;
  let roundStartedMs = 0;
  let roundEndedMs: number | null = null;
  let runStartedMs = 0;
  let answeredSinceMs: number | null = null;
  let failure: string | null = null;
  let optionalFailure: string | null = null;
  /** Of the round that runs: told only once the others have had their say. */
  let newOptionalFailure: string | null = null;
  let retryMs = FIRST_RETRY_MS;

  function beginRound(): void {
    timer = null;
    roundStartedMs = system.monotonicMs();
    newOptionalFailure = null;
    askNext(options.questions()[Symbol.iterator]());
  }

  function askNext(remaining: Iterator<ToolQuestion>): void {
    const next = remaining.next();
    if (next.done) return endRound(null);
    const question = next.value;
    ask(question, (reason) => {
      if (stopped) return;
      if (reason !== null && !question.isOptional) return endRound(reason);
      if (reason !== null) newOptionalFailure = reason;
      askNext(remaining);
    });
  }

  function endRound(reason: string | null): void {
    roundEndedMs = system.monotonicMs();
    failure = reason;
    optionalFailure = newOptionalFailure;
    if (reason === null) {
      answeredSinceMs = roundStartedMs;
      retryMs = FIRST_RETRY_MS;
    }
    scheduleNext();
    if (reason !== null) retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
  }

  function scheduleNext(): void {
    if (stopped || roundEndedMs === null) return;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(beginRound, Math.max(0, dueMs(roundEndedMs) - system.monotonicMs()));
  }

  function dueMs(endedMs: number): number {
    if (failure !== null) return endedMs + retryMs;
    const restMs = Math.min(LONGEST_PAUSE_MS, PAUSE_PER_RUN * (endedMs - roundStartedMs));
    const periodMs = watched ? intervalMs : Math.max(intervalMs, UNWATCHED_PERIOD_MS);
    return Math.max(endedMs + restMs, roundStartedMs + periodMs);
  }

  /** Runs the tool once; `done` gets null for an answer, else the tool's own words and how it ended. */
  function ask(question: ToolQuestion, done: (reason: string | null) => void): void {
    runStartedMs = system.monotonicMs();
    const running = system.start(options.program, question.args);
    child = running;
    options.leash.add(running);
    const answer = collectText(running, 'stdout', MAX_ANSWER_BYTES);
    const complaint = collectText(running, 'stderr', 64 * 1024);
    const end = (how: string) => {
      if (child !== running) return;
      child = null;
      // Tools end with an error after a full answer, and print warnings among it: what counts is the answer.
      const text = answer();
      if (!stopped && accepts(question, text)) return done(null);
      const words = shorten(`${complaint()} ${text}`);
      done(words === '' ? how : `${words} · ${how}`);
    };
    running.once('error', (error) => end(error.message));
    running.once('close', (code, signal) => end(signal ? `ended by ${signal}` : `exit code ${code}`));
  }

  function state(): ToolState {
    const nowMs = system.monotonicMs();
    const forMs = child === null ? 0 : nowMs - runStartedMs;
    if (forMs > KILL_AFTER_MS) child?.kill('SIGKILL');
    if (forMs > SILENCE_LIMIT_MS) return { kind: 'silent', forMs, words: '' };
    if (failure !== null) return { kind: 'ended', reason: failure };
    if (answeredSinceMs !== null) return { kind: 'ticking' };
    return { kind: 'starting', sinceMs: nowMs - roundStartedMs, after: null };
  }

  return {
    start(ms) {
      intervalMs = ms;
      stopped = false;
      if (child === null && timer === null) beginRound();
    },
    setInterval(ms, isWatched) {
      intervalMs = ms;
      watched = isWatched;
      if (child === null) scheduleNext();
    },
    state,
    problem: () => optionalFailure,
    answeredSinceMs: () => answeredSinceMs,
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      timer = null;
      child?.kill('SIGKILL');
    },
  };
}

function accepts(question: ToolQuestion, text: string): boolean {
  try {
    return question.take(text);
  } catch {
    return false;
  }
}

/** The text of a stream, bounded: the program is ended where it prints more. */
function collectText(running: RunningProgram, name: 'stdout' | 'stderr', maxBytes: number): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  running[name]?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
    else running.kill('SIGKILL');
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** The last words: a Python tool says what is wrong at the end of its traceback. */
function shorten(text: string): string {
  const words = text.replace(/\s+/g, ' ').trim();
  return words.length > KEPT_WORDS_LENGTH ? `… ${words.slice(-KEPT_WORDS_LENGTH)}` : words;
}
