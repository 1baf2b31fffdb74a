import { createLineSplitter } from '../../lib/line-splitter.ts';
import { monotonicMs } from '../monotonic-ms.ts';
import { loadAddon, readInput, STDIN, writeOutput } from './helper-door.ts';
import { HELPER_TITLE, type HelperCommand, type HelperMessage } from './helper-messages.ts';
import type { ForeignFunctions } from './library.ts';
import { createNvmlReader, NvmlError, type NvmlReader } from './reader.ts';

/**
 * The process that talks to the NVIDIA driver. A call into a sick driver never returns; here it stops nothing but this
 * process, which the monitor can leave behind. It does one thing after the other and never comes back to Node.js' event
 * loop, so that it needs neither streams nor timers, which cost a tenth of its memory.
 */

const LIBRARY = 'libnvidia-ml.so.1';
const MAX_COMMAND_BYTES = 1024;
/** poll(2): there is something to read, or the other end is closed. */
const POLLIN = 1;
/** V8 by itself lets the heap grow for minutes before it looks through all of it, which takes 4 ms. */
const COLLECT_EVERY_LOOKS = 40;
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** `process.exit` would wait for threads of the driver's library. */
function leave(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('not reached');
}

const say = (message: HelperMessage) => writeOutput(`${JSON.stringify(message)}\n`);

function refuse(error: unknown): never {
  if (error instanceof NvmlError) say({ type: 'failed', code: error.code, reason: error.message });
  else say({ type: 'unusable', reason: messageOf(error) });
  leave();
}

/** There is nothing else that this process could do meanwhile. */
const pause = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Waits for the monitor's words, for so long at most. */
function createEar(foreign: ForeignFunctions): (ms: number) => Buffer | null {
  const poll = foreign.load('libc.so.6').func('poll', 'int', ['void *', 'uint64_t', 'int']);
  const watched = Buffer.alloc(8);
  watched.writeInt32LE(STDIN, 0);
  watched.writeInt16LE(POLLIN, 4);
  const words = Buffer.alloc(MAX_COMMAND_BYTES);
  return (ms) => {
    if (poll(watched, 1, Math.ceil(ms)) <= 0) return null;
    const heard = readInput(words);
    return heard.length === 0 ? leave() : heard;
  };
}

/** Reads the GPUs every `intervalMs` until stdin ends. The addon is at the beginning of an open file. */
export function runHelper(addonDescriptor: number, intervalMs: number): void {
  process.title = HELPER_TITLE;
  let hear: ReturnType<typeof createEar>;
  let reader: NvmlReader;
  try {
    const foreign = loadAddon(addonDescriptor);
    hear = createEar(foreign);
    reader = createNvmlReader(foreign, LIBRARY, monotonicMs, pause);
  } catch (error) {
    refuse(error);
  }
  let everyMs = intervalMs;
  let dueMs = monotonicMs();
  const commands = createLineSplitter(
    MAX_COMMAND_BYTES,
    (line) => {
      everyMs = (JSON.parse(line) as HelperCommand).intervalMs;
      dueMs = monotonicMs();
    },
    leave,
  );
  for (let looks = 1; ; looks++) {
    look(reader);
    if (looks % COLLECT_EVERY_LOOKS === 0) globalThis.gc?.();
    dueMs = Math.max(dueMs + everyMs, monotonicMs());
    for (let waitMs = dueMs - monotonicMs(); waitMs > 0; waitMs = dueMs - monotonicMs()) {
      const words = hear(waitMs);
      if (words !== null) commands.push(words);
    }
  }
}

function look(reader: NvmlReader): void {
  let message: HelperMessage;
  try {
    message = { type: 'reading', ...reader.read() };
  } catch (error) {
    // The driver was unloaded or broke: a new process starts from the beginning.
    message = { type: 'failed', code: -1, reason: messageOf(error) };
  }
  try {
    say(message);
  } catch {
    leave();
  }
  if (message.type === 'failed') leave();
}
