import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { createLineSplitter } from '../../lib/line-splitter.ts';
import { HELPER_TITLE, type HelperCommand, type HelperMessage } from './helper-messages.ts';
import type { ForeignFunctions } from './library.ts';
import { createNvmlReader, NvmlError, type NvmlReader } from './reader.ts';

/**
 * The process that talks to the NVIDIA driver. A call into a sick driver never returns; here it stops nothing but this
 * process, which the monitor can leave behind.
 */

const LIBRARY = 'libnvidia-ml.so.1';
const MAX_COMMAND_BYTES = 1024;
/** linux/fcntl.h: a file without a name. */
const O_TMPFILE = 0o20200000;

/** Folders where a file without a name may lie whose bytes may run; /tmp is often mounted `noexec`. */
function addonFolders(): string[] {
  const { XDG_RUNTIME_DIR, HOME } = process.env;
  const found = [tmpdir(), '/dev/shm', XDG_RUNTIME_DIR, HOME && `${HOME}/.cache`, HOME, '/var/tmp'];
  return found.filter((folder): folder is string => Boolean(folder));
}

/** Opens a file that nobody else can see and that is gone with this process. */
function openUnlinked(folder: string): number {
  try {
    return fs.openSync(folder, O_TMPFILE | fs.constants.O_RDWR, 0o700);
  } catch {
    // NFS and old kernels know no such files: one with a name, which is taken away at once.
    const path = `${folder}/.rollcall-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const descriptor = fs.openSync(path, 'wx+', 0o700);
    fs.unlinkSync(path);
    return descriptor;
  }
}

function loadFrom(folder: string, addon: Buffer): ForeignFunctions {
  const descriptor = openUnlinked(folder);
  try {
    for (let at = 0; at < addon.length; ) at += fs.writeSync(descriptor, addon, at);
    const holder = { exports: {} };
    process.dlopen(holder, `/proc/self/fd/${descriptor}`);
    return holder.exports as ForeignFunctions;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Throws with the reason of every folder where it was tried. */
function loadAddon(addon: Buffer): ForeignFunctions {
  const reasons: string[] = [];
  for (const folder of addonFolders()) {
    try {
      return loadFrom(folder, addon);
    } catch (error) {
      reasons.push(`${folder}: ${messageOf(error)}`);
    }
  }
  throw new Error(reasons.join('; '));
}

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

/** Reads the GPUs every `intervalMs` until stdin ends. */
export function runHelper(addon: Buffer, intervalMs: number): void {
  process.title = HELPER_TITLE;
  let reader: NvmlReader;
  try {
    reader = createNvmlReader(loadAddon(addon), LIBRARY, () => performance.now());
  } catch (error) {
    return refuse(error);
  }
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
    dueMs = Math.max(dueMs + everyMs, performance.now());
    timer = setTimeout(look, dueMs - performance.now());
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
