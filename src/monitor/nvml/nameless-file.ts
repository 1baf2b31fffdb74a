import { tmpdir } from 'node:os';
import type { System } from '../system.ts';

/** Files that nobody else can see, and that are gone with the last process that has them open. */

/** A bit of its own, and the one for folders, which differs between processors. */
const TMPFILE = 0o20000000;

/** Where such a file may lie whose bytes may run, in this order; /tmp is often mounted `noexec`. */
export function namelessFolders({ XDG_RUNTIME_DIR, HOME }: System['environment']): string[] {
  const found = [tmpdir(), '/dev/shm', XDG_RUNTIME_DIR, HOME && `${HOME}/.cache`, HOME, '/var/tmp'];
  return found.filter((folder): folder is string => Boolean(folder));
}

/** A descriptor to write to and read from. Throws as `node:fs` does. */
export function openNameless({ files }: Pick<System, 'files'>, folder: string): number {
  const { O_DIRECTORY, O_RDWR } = files.constants;
  try {
    return files.openSync(folder, TMPFILE | O_DIRECTORY | O_RDWR, 0o700);
  } catch {
    // NFS and old kernels know no such files: one with a name, which is taken away at once.
    const path = `${folder}/.rollcall-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const descriptor = files.openSync(path, 'wx+', 0o700);
    files.unlinkSync(path);
    return descriptor;
  }
}
