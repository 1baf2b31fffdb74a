/**
 * Bounds what one node may send after its hello. A healthy monitor stays far below: two messages a second, and
 * a tenth of the bytes with 256 GPUs, 1,024 processes on them and 4,096 cores. The dearest JSON (objects of
 * many different names) takes the head 0.12 s a MiB.
 */
const MAX_MESSAGES_PER_SECOND = 50;
const MAX_BYTES_PER_SECOND = 1024 * 1024;
/** Messages that piled up behind a slow link or a sleeping head come at once. */
const BURST_SECONDS = 10;

/** Error output of a healthy monitor is a few lines; a start-up file may print a page. */
const MAX_ERROR_BYTES_PER_SECOND = 16 * 1024;
const ERROR_BURST_BYTES = 256 * 1024;

/**
 * Time of the head that one node's input may take; a healthy one takes a few milliseconds a second. What is measured is
 * the clock's: a head that is stopped meanwhile must not blame the node, so that one piece counts so much at most.
 */
const MAX_TIME_MS_PER_SECOND = 100;
const TIME_BURST_MS = 5_000;
const MAX_PIECE_MS = 250;

/** How much may come: `perSecond` in the long run, `burst` at once. */
export function createAllowance(perSecond: number, burst: number) {
  let used = 0;
  return (amount: number, seconds: number): boolean => {
    used = Math.max(0, used - seconds * perSecond) + amount;
    return used <= burst;
  };
}

export interface MessageMeter {
  /** Counts one message; a sentence once the node sends too much. */
  count(bytes: number): string | null;
  /** Counts error output the same way. */
  countErrorOutput(bytes: number): string | null;
  /** Counts how long one piece of input kept the head busy. */
  countTime(ms: number): string | null;
}

/** One for each connection, from `hello` on. */
export function createMessageMeter(monotonicMs: () => number = () => performance.now()): MessageMeter {
  const messages = createAllowance(MAX_MESSAGES_PER_SECOND, MAX_MESSAGES_PER_SECOND * BURST_SECONDS);
  const bytes = createAllowance(MAX_BYTES_PER_SECOND, MAX_BYTES_PER_SECOND * BURST_SECONDS);
  const errorBytes = createAllowance(MAX_ERROR_BYTES_PER_SECOND, ERROR_BURST_BYTES);
  const time = createAllowance(MAX_TIME_MS_PER_SECOND, TIME_BURST_MS);
  let lastMs = monotonicMs();
  let lastErrorMs = lastMs;
  let lastTimeMs = lastMs;
  return {
    count(size) {
      const nowMs = monotonicMs();
      const seconds = (nowMs - lastMs) / 1000;
      lastMs = nowMs;
      const fewMessages = messages(1, seconds);
      if (!bytes(size, seconds)) return `more than ${MAX_BYTES_PER_SECOND / 1024 / 1024} MiB a second`;
      return fewMessages ? null : `more than ${MAX_MESSAGES_PER_SECOND} messages a second`;
    },
    countErrorOutput(size) {
      const nowMs = monotonicMs();
      const seconds = (nowMs - lastErrorMs) / 1000;
      lastErrorMs = nowMs;
      return errorBytes(size, seconds)
        ? null
        : `more than ${MAX_ERROR_BYTES_PER_SECOND / 1024} KiB of error output a second`;
    },
    countTime(ms) {
      const nowMs = monotonicMs();
      const seconds = (nowMs - lastTimeMs) / 1000;
      lastTimeMs = nowMs;
      return time(Math.min(ms, MAX_PIECE_MS), seconds)
        ? null
        : `reading it takes more than ${MAX_TIME_MS_PER_SECOND} ms of the head's time a second`;
    },
  };
}
