import { type ChildProcess, execFile, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { monotonicMs } from './monotonic-ms.ts';
import { programFolders } from './program-folders.ts';

/** Space and kind of a file system, in bytes. */
export interface FilesystemSpace {
  totalBytes: number;
  freeBytes: number;
  availableBytes: number;
}

/** A program kept running: lines in, no shell in between. */
export type RunningProgram = ChildProcess;

/** What is in files. */
interface FileContents {
  /** Whole text of a small file; throws as `node:fs` does. */
  readText(path: string): string;
  /** Reads the whole text of one file again and again through a descriptor that stays open. */
  textReader(path: string): () => string;
  /** As `readText`, null where it cannot be read. */
  tryReadText(path: string): string | null;
  /** At most the first `maxBytes`; null where it cannot be read. */
  tryReadStart(path: string, maxBytes: number, encoding?: 'utf8' | 'latin1'): string | null;
  /** Opens a file to read it again and again; throws as `node:fs` does. */
  open(path: string): number;
  /** Reads an open file from its start into the shared buffer; hands back that buffer and the length. */
  reread(descriptor: number): { buffer: Buffer; length: number };
  /** As `reread` for a file that fits one read, such as `/proc/PID/stat`: half the system calls. */
  rereadOnce(descriptor: number): { buffer: Buffer; length: number };
  close(descriptor: number): void;
  /** Opens a device that gives one record after the other; null where it may not be read. */
  openStream(path: string): number | null;
  /** The next record; null where there is none yet, or ever again. */
  readNext(descriptor: number): string | null;
}

/** What can be told of files without opening them. */
interface FileLooks {
  list(path: string): string[];
  /** At most so many of a folder's names; throws as `node:fs` does. */
  listStart(path: string, maxNames: number): string[];
  readLink(path: string): string | null;
  /** With every link followed; null where there is nothing. */
  realPath(path: string): string | null;
  exists(path: string): boolean;
  /** Whether this control group may not use a device, whatever the file's own mode allows. Opens nothing. */
  isWithheld(path: string): boolean;
  ownerOf(path: string): number | null;
  /** Asks the kernel for a file system's space in a thread of its own: a dead server hangs it. */
  filesystemSpace(path: string): Promise<FilesystemSpace>;
  /** Whether there is something other than a folder; asked in a thread of its own too. */
  isFile(path: string): Promise<boolean>;
}

interface Programs {
  findProgram(name: string): string | null;
  start(program: string, args: readonly string[]): RunningProgram;
  /** As `start`, with a stdin to write to; `inherited` become its descriptors from 3 on. */
  startTalking(program: string, args: readonly string[], inherited?: readonly number[]): RunningProgram;
  /** Starts a program that only listens: its output goes nowhere and keeps no channel open. */
  startWatcher(program: string, args: readonly string[]): RunningProgram;
  /** Runs a short program to its end; rejects after `limitMs`. */
  run(program: string, args: readonly string[], limitMs: number): Promise<string>;
}

/**
 * The monitor's only door to files and programs of the node. Its root can be moved, so that tests
 * point it at a folder of captures.
 */
export interface System extends FileContents, FileLooks, Programs {
  readonly files: typeof fs;
  readonly uid: number;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds of a clock that never jumps. */
  monotonicMs(): number;
}

const MAX_TEXT_BYTES = 4 * 1024 * 1024;

export interface SystemOptions {
  /** Stands in front of every path: '' on a node, a folder of captures in tests. */
  root?: string;
  /** The only folders to look for programs in. Without them a node has those of its PATH, and a moved root has none. */
  programFolders?: readonly string[];
}

/** The real machine. What cannot be read throws the system's error, but for the `try…` functions, which give null. */
export function createSystem(options: SystemOptions = {}): System {
  const root = options.root ?? '';
  const usualFolders = () => (root === '' ? programFolders(process.env.PATH ?? '') : []);
  return {
    files: fs,
    uid: process.getuid?.() ?? 0,
    environment: process.env,
    ...createFileContents(root),
    ...createFileLooks(root),
    ...createPrograms(() => options.programFolders ?? usualFolders()),
    now: () => Date.now(),
    monotonicMs,
  };
}

/** All readings share one buffer, which grows with the largest file. */
function createFileContents(root: string): FileContents {
  let buffer = Buffer.allocUnsafe(64 * 1024);

  function reread(descriptor: number): { buffer: Buffer; length: number } {
    let length = 0;
    for (;;) {
      const read = fs.readSync(descriptor, buffer, length, buffer.length - length, length);
      if (read === 0) return { buffer, length };
      length += read;
      if (length < buffer.length) continue;
      if (length >= MAX_TEXT_BYTES) return { buffer, length };
      const larger = Buffer.allocUnsafe(buffer.length * 2);
      buffer.copy(larger, 0, 0, length);
      buffer = larger;
    }
  }

  function readText(path: string): string {
    const descriptor = fs.openSync(root + path, 'r');
    try {
      const found = reread(descriptor);
      return found.buffer.toString('utf8', 0, found.length);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  function readStart(path: string, maxBytes: number, encoding: 'utf8' | 'latin1'): string {
    const descriptor = fs.openSync(root + path, 'r');
    try {
      const length = fs.readSync(descriptor, buffer, 0, Math.min(maxBytes, buffer.length), 0);
      return buffer.toString(encoding, 0, length);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  function textReader(path: string): () => string {
    let descriptor: number | null = null;
    return () => {
      descriptor ??= fs.openSync(root + path, 'r');
      const found = reread(descriptor);
      return found.buffer.toString('utf8', 0, found.length);
    };
  }

  function readNext(descriptor: number): string | null {
    try {
      const length = fs.readSync(descriptor, buffer, 0, buffer.length, null);
      return length === 0 ? null : buffer.toString('utf8', 0, length);
    } catch (error) {
      // EPIPE: records were overwritten before they were read; the next read goes on with the oldest.
      return (error as NodeJS.ErrnoException).code === 'EPIPE' ? '' : null;
    }
  }

  return {
    readText,
    textReader,
    tryReadText: (path) => attempt(() => readText(path)),
    tryReadStart: (path, maxBytes, encoding = 'utf8') => attempt(() => readStart(path, maxBytes, encoding)),
    open: (path) => fs.openSync(root + path, 'r'),
    reread,
    rereadOnce: (descriptor) => ({ buffer, length: fs.readSync(descriptor, buffer, 0, buffer.length, 0) }),
    close: (descriptor) => fs.closeSync(descriptor),
    openStream: (path) =>
      attempt(() => fs.openSync(root + path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)),
    readNext,
  };
}

/** Files are asked after with callbacks: `fs.promises` takes 8 ms of CPU to load. */
function createFileLooks(root: string): FileLooks {
  function listStart(path: string, maxNames: number): string[] {
    const folder = fs.opendirSync(root + path);
    try {
      const names: string[] = [];
      for (
        let entry = folder.readSync();
        entry !== null && names.length < maxNames;
        entry = folder.readSync()
      )
        names.push(entry.name);
      return names;
    } finally {
      folder.closeSync();
    }
  }

  function isWithheld(path: string): boolean {
    try {
      fs.accessSync(root + path, fs.constants.R_OK | fs.constants.W_OK);
      return false;
    } catch (error) {
      // The file's mode would say EACCES.
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  }

  return {
    list: (path) => fs.readdirSync(root + path),
    listStart,
    readLink: (path) => attempt(() => fs.readlinkSync(root + path)),
    realPath: (path) => attempt(() => fs.realpathSync(root + path)),
    exists: (path) => fs.existsSync(root + path),
    isWithheld,
    ownerOf: (path) => attempt(() => fs.statSync(root + path).uid),
    filesystemSpace: (path) =>
      new Promise((resolve, reject) => {
        fs.statfs(root + path, (error, found) => {
          if (error) return reject(error);
          const { blocks, bfree, bavail, bsize } = found;
          resolve({
            totalBytes: blocks * bsize,
            freeBytes: bfree * bsize,
            availableBytes: bavail * bsize,
          });
        });
      }),
    isFile: (path) =>
      new Promise((resolve, reject) => {
        fs.stat(root + path, (error, found) => (error ? reject(error) : resolve(!found.isDirectory())));
      }),
  };
}

/** `folders`: those in which a program is looked for, in their order. */
function createPrograms(folders: () => readonly string[]): Programs {
  return {
    findProgram: (name) =>
      folders()
        .map((folder) => `${folder}/${name}`)
        .find(isExecutableFile) ?? null,
    start: (program, args) =>
      spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } }),
    startTalking: (program, args, inherited = []) =>
      spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe', ...inherited] }),
    startWatcher: (program, args) => spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] }),
    run: (program, args, limitMs) =>
      new Promise((resolve, reject) => {
        execFile(program, args, { timeout: limitMs, killSignal: 'SIGKILL' }, (error, stdout) =>
          error ? reject(error) : resolve(stdout),
        );
      }),
  };
}

function isExecutableFile(path: string): boolean {
  return (
    attempt(() => fs.statSync(path).isFile() && fs.accessSync(path, fs.constants.X_OK) === undefined) ?? false
  );
}

function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}
