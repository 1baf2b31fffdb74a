import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import type { ForeignFunctions } from './library.ts';

/** The helper's only door to files: koffi's addon is loaded from one that has no name, and nothing stays on disk. */

/** A file without a name: a bit of its own, and the one for folders, which differs between processors. */
const O_TMPFILE = 0o20000000 | fs.constants.O_DIRECTORY;

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
export function loadAddon(addon: Buffer): ForeignFunctions {
  const reasons: string[] = [];
  for (const folder of addonFolders()) {
    try {
      return loadFrom(folder, addon);
    } catch (error) {
      reasons.push(`${folder}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(reasons.join('; '));
}
