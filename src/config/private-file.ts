import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { fileReason } from '../lib/file-reason.ts';
import { shellQuote } from '../lib/shell-quote.ts';

const MAX_BYTES = 1024 * 1024;

/** Reads a file that only its owner can read and nobody else can have put there. Throws a sentence with the remedy. */
export function readPrivateFile(path: string, userId: number): string {
  try {
    return readChecked(path, userId);
  } catch (error) {
    throw new Error(reasonOf(error));
  }
}

function readChecked(path: string, userId: number): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new Error('it is not a regular file');
    if (found.uid !== userId) throw new Error('it belongs to another user');
    if (found.nlink !== 1) throw new Error('it has a second name (hard link)');
    if ((found.mode & 0o077) !== 0)
      throw new Error(`others can read it; close it first: chmod 600 ${shellQuote(path)}`);
    if (found.size > MAX_BYTES) throw new Error('it is larger than 1 MiB');
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ELOOP') return 'it is a symbolic link';
  return fileReason(error);
}
