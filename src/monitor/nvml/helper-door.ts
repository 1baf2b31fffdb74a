import * as fs from 'node:fs';
import type { ForeignFunctions } from './library.ts';
import { namelessFolders, openNameless } from './nameless-file.ts';

/** The helper's only door to files and streams: koffi's addon is loaded from a file that has no name. */

export const STDIN = 0;
const STDOUT = 1;

/** Waits for words and takes them; empty where the other end is closed. */
export function readInput(buffer: Buffer): Buffer {
  return buffer.subarray(0, fs.readSync(STDIN, buffer));
}

/** Blocks while nobody reads; throws where the other end is closed. */
export function writeOutput(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(STDOUT, bytes, at);
}

function load(descriptor: number): ForeignFunctions {
  const holder = { exports: {} };
  process.dlopen(holder, `/proc/self/fd/${descriptor}`);
  return holder.exports as ForeignFunctions;
}

function loadFrom(folder: string, addon: Buffer): ForeignFunctions {
  const descriptor = openNameless({ files: fs }, folder);
  try {
    for (let at = 0; at < addon.length; ) at += fs.writeSync(descriptor, addon, at);
    return load(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * Loads the addon at the beginning of an open file; where programs may not run from there, from a copy elsewhere. Throws
 * with the reason of every folder where it was tried.
 */
export function loadAddon(descriptor: number): ForeignFunctions {
  const reasons: string[] = [];
  const attempt = (place: string, action: () => ForeignFunctions) => {
    try {
      return action();
    } catch (error) {
      reasons.push(`${place}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  };
  const loaded = attempt('as it came', () => load(descriptor));
  if (loaded !== null) return loaded;
  const addon = fs.readFileSync(`/proc/self/fd/${descriptor}`);
  for (const folder of namelessFolders(process.env)) {
    const found = attempt(folder, () => loadFrom(folder, addon));
    if (found !== null) return found;
  }
  throw new Error(reasons.slice(1).join('; '));
}
