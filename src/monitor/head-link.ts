import {
  MAX_INTERVAL_MS,
  MIN_INTERVAL_MS,
  MIN_UNACKNOWLEDGED_SAMPLES,
  SILENCE_LIMIT_MS,
  UNACKNOWLEDGED_LIMIT_MS,
} from '../protocol/constants.ts';
import type { KnownFacts } from '../protocol/known-facts.ts';
import type { Sample } from '../protocol/sample.ts';
import { createCommandReader } from './command-reader.ts';
import { lineOfSample, linesOfMessage } from './message-lines.ts';

/** The way to the head: stdout for messages, stdin for its commands. */
export interface HeadLink {
  /** In several lines where one would be too long. */
  send(message: object): void;
  /** Sends a sample with its brief. `facts`: what was sent by now. */
  sendSample(sample: Sample, facts: KnownFacts): void;
  /** Sends the last message and calls back once it is written, or after a short while. */
  sendLast(message: object, done: () => void): void;
  /** False while the head is behind: samples are then left out instead of queued. */
  isHeadFollowing(sentSequence: number, intervalMs: number): boolean;
}

export interface HeadLinkEvents {
  onInterval(intervalMs: number, watched: boolean): void;
  /** Whether this monitor asks the scheduler. */
  onScheduler(asks: boolean): void;
  /** `kit` is null with the reason why the head has none. */
  onNvmlKit(kit: Buffer | null, reason: string): void;
  /** The head is gone or wants the monitor gone. Called once. */
  onLeave(reason: string): void;
}

const MAX_COMMAND_BYTES = 64 * 1024;
/** The kit for NVML has 135 KB. */
const MAX_KIT_BYTES = 4 * 1024 * 1024;
const SILENCE_CHECK_MS = 5_000;
/** How long the last words may take: a cut link would hold them for ever. */
const LAST_WORDS_LIMIT_MS = 200;

function readCommand(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/**
 * Listens to the head from now on. Lines that are no commands are left out; silence for 30 s and the end of stdin are
 * `onLeave`.
 */
export function createHeadLink(
  streams: { stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream },
  monotonicMs: () => number,
  events: HeadLinkEvents,
): HeadLink {
  let heardAtMs = monotonicMs();
  let acknowledged = 0;
  let left = false;

  function leave(reason: string): void {
    if (left) return;
    left = true;
    clearInterval(silenceTimer);
    events.onLeave(reason);
  }

  function obey(line: string): void {
    const command = readCommand(line);
    if (command === null) return;
    if (command.type === 'stop') leave('the head said stop');
    if (command.type === 'beat' && typeof command.acknowledged === 'number')
      acknowledged = command.acknowledged;
    if (command.type === 'interval' && typeof command.intervalMs === 'number') {
      const intervalMs = Math.max(MIN_INTERVAL_MS, Math.min(MAX_INTERVAL_MS, command.intervalMs));
      events.onInterval(intervalMs, command.watched === true);
    }
    if (command.type === 'scheduler') events.onScheduler(command.asks === true);
    if (command.type === 'nvml-kit') obeyKit(command.bytes, command.reason);
  }

  function obeyKit(bytes: unknown, reason: unknown): void {
    if (typeof bytes === 'number' && bytes > 0 && bytes <= MAX_KIT_BYTES)
      return reader.expect(bytes, (kit) => events.onNvmlKit(kit, ''));
    events.onNvmlKit(null, typeof reason === 'string' ? reason : '');
  }

  const reader = createCommandReader(MAX_COMMAND_BYTES, obey);
  streams.stdin.on('data', (chunk: Buffer) => {
    // A kit may take longer to come than the head may be silent.
    heardAtMs = monotonicMs();
    reader.push(chunk);
  });
  streams.stdin.once('end', () => leave('the connection to the head ended'));
  streams.stdin.once('close', () => leave('the connection to the head closed'));
  streams.stdin.once('error', (error) => leave(`the connection to the head broke: ${error.message}`));
  streams.stdout.once('error', (error) => leave(`the head does not listen any more: ${error.message}`));

  const silenceTimer = setInterval(() => {
    const silentMs = monotonicMs() - heardAtMs;
    if (silentMs > SILENCE_LIMIT_MS) leave(`the head said nothing for ${Math.round(silentMs / 1000)} s`);
  }, SILENCE_CHECK_MS);

  const encode = (message: object) => `${JSON.stringify(message)}\n`;

  return {
    send(message) {
      if (!left) for (const line of linesOfMessage(message)) streams.stdout.write(line);
    },
    sendSample(sample, facts) {
      if (!left) streams.stdout.write(lineOfSample(sample, facts));
    },
    sendLast(message, done) {
      const timer = setTimeout(done, LAST_WORDS_LIMIT_MS);
      streams.stdout.write(encode(message), () => {
        clearTimeout(timer);
        done();
      });
    },
    isHeadFollowing(sentSequence, intervalMs) {
      const allowed = Math.max(MIN_UNACKNOWLEDGED_SAMPLES, Math.ceil(UNACKNOWLEDGED_LIMIT_MS / intervalMs));
      return sentSequence - acknowledged < allowed;
    },
  };
}
