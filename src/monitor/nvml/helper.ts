import { createLineSplitter } from '../../lib/line-splitter.ts';
import { loadAddon } from './addon.ts';
import { HELPER_TITLE, type HelperCommand, type HelperMessage } from './helper-messages.ts';
import { createNvmlReader, NvmlError, type NvmlReader } from './reader.ts';

/**
 * The process that talks to the NVIDIA driver. A call into a sick driver never returns; here it stops nothing but this
 * process, which the monitor can leave behind.
 */

const LIBRARY = 'libnvidia-ml.so.1';
const MAX_COMMAND_BYTES = 1024;
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** `process.exit` would wait for threads of the driver's library. */
function leave(): void {
  process.kill(process.pid, 'SIGKILL');
}

function say(message: HelperMessage, done?: () => void): void {
  process.stdout.write(`${JSON.stringify(message)}\n`, () => done?.());
}

function refuse(error: unknown): void {
  if (error instanceof NvmlError) say({ type: 'failed', code: error.code, reason: error.message }, leave);
  else say({ type: 'unusable', reason: messageOf(error) }, leave);
}

/** There is nothing else that this process could do meanwhile. */
const pause = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Reads the GPUs every `intervalMs` until stdin ends. */
export function runHelper(addon: Buffer, intervalMs: number): void {
  process.title = HELPER_TITLE;
  let reader: NvmlReader;
  try {
    reader = createNvmlReader(loadAddon(addon), LIBRARY, () => performance.now(), pause);
  } catch (error) {
    return refuse(error);
  }
  globalThis.gc?.();
  let everyMs = intervalMs;
  let dueMs = performance.now();
  let timer = setTimeout(look, 0);

  function look(): void {
    try {
      const { facts, gpus, processes } = reader.read();
      say({ type: 'reading', facts, gpus, processes });
    } catch (error) {
      // The driver was unloaded or broke: a new process starts from the beginning.
      return say({ type: 'failed', code: -1, reason: messageOf(error) }, leave);
    }
    const nowMs = performance.now();
    dueMs = Math.max(dueMs + everyMs, nowMs);
    timer = setTimeout(look, dueMs - nowMs);
  }

  const commands = createLineSplitter(
    MAX_COMMAND_BYTES,
    (line) => {
      everyMs = (JSON.parse(line) as HelperCommand).intervalMs;
      clearTimeout(timer);
      dueMs = performance.now();
      timer = setTimeout(look, 0);
    },
    leave,
  );
  process.stdin.on('data', (chunk: Buffer) => commands.push(chunk));
  process.stdin.once('end', leave);
  process.stdin.once('error', leave);
  process.stdout.once('error', leave);
}
