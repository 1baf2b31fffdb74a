import { createLineSplitter } from '../../lib/line-splitter.ts';
import type { Leash } from '../leash.ts';
import type { RunningProgram, System } from '../system.ts';
import type { HelperMessage } from './helper-messages.ts';
import { startHelper } from './helper-start.ts';
import type { KitFile } from './kit-file.ts';

/** A helper that is started anew whenever it ends. */
export interface HelperLife {
  start(intervalMs: number): void;
  setInterval(intervalMs: number): void;
  /** The helper that is there now; null while none is. */
  running(): RunningProgram | null;
  /** Monotonic time at which the latest was started; 0 before the first. */
  startedAtMs(): number;
  stop(): void;
}

export interface HelperLifeOptions {
  system: System;
  leash: Leash;
  kit: KitFile;
  onMessage: (message: HelperMessage) => void;
  /** One ended and had not said why. `inARow`: so many did, and none said a word. */
  onCrash: (reason: string, inARow: number) => void;
}

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;
/** A helper that lived so long did not fail at the start. */
const HEALTHY_AFTER_MS = 60_000;
const MAX_LINE_BYTES = 1024 * 1024;

/** Waits between 2 s and a minute before the next, longer each time while none lives for a minute. */
export function createHelperLife(options: HelperLifeOptions): HelperLife {
  const { system, leash, kit } = options;
  let child: RunningProgram | null = null;
  let timer: NodeJS.Timeout | null = null;
  let intervalMs = 1_000;
  let waitMs = FIRST_WAIT_MS;
  let startedAtMs = 0;
  let crashes = 0;
  let words = '';
  /** This helper has said why it leaves. */
  let isExplained = false;
  let isStopped = false;

  function takeLine(line: string): void {
    const message = parseHelperLine(line);
    if (message === null) return;
    if (message.type === 'reading' || message.type === 'failed') crashes = 0;
    if (message.type === 'failed') isExplained = true;
    options.onMessage(message);
  }

  function launch(): void {
    timer = null;
    words = '';
    isExplained = false;
    startedAtMs = system.monotonicMs();
    const running = startHelper(system, leash, kit, intervalMs);
    child = running;
    const out = createLineSplitter(MAX_LINE_BYTES, takeLine, () => undefined);
    running.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    running.stderr?.on('data', (chunk: Buffer) => {
      words = `${words}${chunk}`.slice(-500);
    });
    running.once('error', (error) => onEnd(running, error.message));
    running.once('close', (code, signal) =>
      onEnd(running, signal ? `by ${signal}` : `with exit code ${code}`),
    );
  }

  function onEnd(ended: RunningProgram, how: string): void {
    if (child !== ended || isStopped) return;
    child = null;
    if (!isExplained) noteCrash(how);
    if (isStopped) return;
    if (system.monotonicMs() - startedAtMs > HEALTHY_AFTER_MS) waitMs = FIRST_WAIT_MS;
    timer = setTimeout(launch, waitMs);
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
  }

  function noteCrash(how: string): void {
    const lines = words.trim().split('\n');
    const said = lines.findLast((line) => !line.startsWith('Warning: disabling flag'));
    const reason = [`the process that asks NVML ended ${how}`, said].filter(Boolean).join(': ');
    options.onCrash(reason, ++crashes);
  }

  return {
    start(ms) {
      intervalMs = ms;
      launch();
    },
    setInterval(ms) {
      intervalMs = ms;
      child?.stdin?.write(`${JSON.stringify({ intervalMs })}\n`);
    },
    running: () => child,
    startedAtMs: () => startedAtMs,
    stop() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
      child?.kill('SIGKILL');
      child = null;
    },
  };
}

/**
 * The driver's library may print too. Null for what is no message. What the helper says needs no other look: it is of
 * one build with this program.
 */
function parseHelperLine(line: string): HelperMessage | null {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === 'object' && message !== null && 'type' in message
      ? (message as HelperMessage)
      : null;
  } catch {
    return null;
  }
}
