import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { descriptorsInUse } from '../config/descriptors.ts';
import type { FailureDetail, HeadLimit } from '../report/failure-detail.ts';

/** What this machine refuses the head, as its errors tell it. */

/** Read at the start: once no descriptor is free, this file cannot be opened either. */
const maxOpenFiles = readMaxOpenFiles();

function readMaxOpenFiles(): number | null {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return found === null ? null : Number(found[1]);
  } catch {
    return null;
  }
}

function limitOf(error: Error): HeadLimit | null {
  const code = 'code' in error ? error.code : null;
  if (code === 'EMFILE') return 'files';
  if (code === 'ENFILE') return 'all-files';
  const isSpawn =
    'syscall' in error && typeof error.syscall === 'string' && error.syscall.startsWith('spawn');
  return isSpawn && (code === 'EAGAIN' || code === 'ENOMEM') ? 'processes' : null;
}

/** Why the head itself could not; null where the error says something else. */
export function headLimitOf(error: unknown): FailureDetail | null {
  const what = error instanceof Error ? limitOf(error) : null;
  if (what === null || !(error instanceof Error)) return null;
  return { cause: 'head-limit', what, limit: what === 'files' ? maxOpenFiles : null, detail: error.message };
}

/** Why no node may be gone to now: so many descriptors are kept for others. Null where there are more. */
export function descriptorShortage(reserved: number): FailureDetail | null {
  if (maxOpenFiles === null) return null;
  const inUse = descriptorsInUse();
  if (inUse <= maxOpenFiles - reserved) return null;
  const detail = `${Math.min(inUse, maxOpenFiles)} are in use, and ${reserved} are kept for browsers and for itself`;
  return { cause: 'head-limit', what: 'files', limit: maxOpenFiles, detail };
}

/** Without free descriptors Node.js makes no streams for a child, whatever its types say. */
export function hasStreams(child: ChildProcess): boolean {
  return Boolean(child.stdin && child.stdout && child.stderr);
}
