/**
 * A log file in a folder that others can write to. It is opened without following links, must be a
 * regular file of our own with one link and mode 0600, and is bounded by copying to `.1` and
 * truncating in place: other writers of the same file keep a valid descriptor.
 * The file functions are handed in, so that each runtime keeps its own door to the disk.
 */
import { visibleText } from './visible-text.ts';

/** The part of `node:fs` that a log needs. */
export interface LogFileSystem {
  constants: {
    O_WRONLY: number;
    O_APPEND: number;
    O_CREAT: number;
    O_TRUNC: number;
    O_NOFOLLOW: number;
    O_NONBLOCK: number;
  };
  openSync(path: string, flags: number, mode: number): number;
  fstatSync(descriptor: number): {
    isFile(): boolean;
    uid: number;
    nlink: number;
    mode: number;
    size: number;
  };
  writeSync(descriptor: number, data: string | Uint8Array): number;
  ftruncateSync(descriptor: number, length: number): void;
  readFileSync(path: string): Uint8Array;
  closeSync(descriptor: number): void;
}

export interface BoundedLog {
  /** The file in use; null where none can be written, `problem` then says why. */
  readonly path: string | null;
  readonly problem: string | null;
  /** Writes one line; failures are remembered, never thrown. */
  write(text: string): void;
  close(): void;
}

export interface BoundedLogOptions {
  files: LogFileSystem;
  /** Paths to try in order: the usual one, then one that carries our uid. */
  paths: readonly string[];
  uid: number;
  /** `head` or `monitor`, and the head's id: stands in every line. */
  tag: string;
  now: () => Date;
  maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 1024 * 1024;
const MAX_LINE_LENGTH = 2048;

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function openOwn(options: BoundedLogOptions, path: string, extraFlags: number): number {
  const { files, uid } = options;
  const flags = files.constants;
  const descriptor = files.openSync(
    path,
    flags.O_WRONLY | flags.O_CREAT | flags.O_NOFOLLOW | flags.O_NONBLOCK | extraFlags,
    0o600,
  );
  const found = files.fstatSync(descriptor);
  if (found.isFile() && found.uid === uid && found.nlink === 1 && (found.mode & 0o077) === 0)
    return descriptor;
  files.closeSync(descriptor);
  throw new Error(`${path} is not a regular file of our own with mode 0600`);
}

function openFirst(options: BoundedLogOptions): { path: string; descriptor: number } | { problem: string } {
  const problems: string[] = [];
  for (const path of options.paths) {
    try {
      const descriptor = openOwn(options, path, options.files.constants.O_APPEND);
      return { path, descriptor };
    } catch (error) {
      problems.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { problem: problems.join('; ') };
}

/** Copies what is there to `.1` and empties the file; gives up quietly where `.1` is not ours. */
function turnOver(options: BoundedLogOptions, path: string, descriptor: number): void {
  const { files } = options;
  try {
    const copy = openOwn(options, `${path}.1`, 0);
    try {
      files.ftruncateSync(copy, 0);
      files.writeSync(copy, files.readFileSync(path));
    } finally {
      files.closeSync(copy);
    }
  } catch {
    // The bound matters more than the older half.
  }
  files.ftruncateSync(descriptor, 0);
}

/** Opens the log. A first line is written at once, so that a full disk shows now and not later. */
export function openBoundedLog(options: BoundedLogOptions, firstLine: string): BoundedLog {
  const { files } = options;
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const opened = openFirst(options);
  let path = 'path' in opened ? opened.path : null;
  let problem = 'problem' in opened ? opened.problem : null;
  let descriptor = 'descriptor' in opened ? opened.descriptor : null;

  function write(text: string): void {
    if (descriptor === null || path === null) return;
    const line = `${options.now().toISOString()} ${options.tag} ${visibleText(text)}`;
    try {
      if (files.fstatSync(descriptor).size > maxBytes) turnOver(options, path, descriptor);
      files.writeSync(descriptor, `${line.slice(0, MAX_LINE_LENGTH)}\n`);
      problem = null;
    } catch (error) {
      problem = `${path}: ${errorCode(error)}`;
    }
  }

  function close(): void {
    if (descriptor !== null) files.closeSync(descriptor);
    descriptor = null;
  }

  write(firstLine);
  if (problem !== null) {
    close();
    path = null;
  }
  return {
    get path() {
      return path;
    },
    get problem() {
      return problem;
    },
    write,
    close,
  };
}
