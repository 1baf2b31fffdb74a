import { openSync } from 'node:fs';
import { join } from 'node:path';

/** A Unix socket's path has 107 bytes at most; a folder's descriptor makes a short one of any. */
export function shortSocketPath(folder: string): string {
  const path = join(folder, 'head.sock');
  if (Buffer.byteLength(path) <= 100) return path;
  return `/proc/self/fd/${openSync(folder, 'r')}/head.sock`;
}
