import { constants, mkdirSync, openSync, readSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createLineSplitter } from '../../lib/line-splitter.ts';
import { runTool } from '../settings/run-tool.ts';

/** A named pipe that a program writes its log to, line by line. */
export interface LogPipe {
  path: string;
  /** Reads what is left, then lets go. */
  finish(): void;
}

const MAX_LINE_BYTES = 4096;
const CHUNK_BYTES = 16 * 1024;

let made = 0;

/**
 * Makes a pipe in a folder of our own (made with mode 0700). ssh closes all descriptors that it inherits, so that only a
 * name leads its log to us apart from the node's error output. Rejects where no pipe can be made.
 */
export async function createLogPipe(folder: string, onLine: (line: string) => void): Promise<LogPipe> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  made += 1;
  const path = join(folder, `log-${process.pid}-${made}`);
  rmSync(path, { force: true });
  const answer = await runTool('mkfifo', ['-m', '600', path]);
  if (answer.code !== 0) throw new Error(`no pipe can be made: ${answer.stderr.trim()}`);
  // Open for writing too, so that it does not end before ssh has begun.
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const lines = createLineSplitter(MAX_LINE_BYTES, onLine, () => undefined);
  let isOpen = true;
  let named = true;
  const forgetName = () => {
    if (named) rmSync(path, { force: true });
    named = false;
  };
  const socket = new Socket({ fd: descriptor, readable: true, writable: false });
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    // The writer has it open: nobody else needs to find it.
    forgetName();
    lines.push(chunk);
  });
  return {
    path,
    finish() {
      if (!isOpen) return;
      isOpen = false;
      for (const chunk of readRest(descriptor)) lines.push(chunk);
      onLine(lines.rest());
      forgetName();
      socket.destroy();
    },
  };
}

function* readRest(descriptor: number): Generator<Buffer> {
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    try {
      const length = readSync(descriptor, chunk);
      if (length === 0) return;
      yield chunk.subarray(0, length);
    } catch {
      return;
    }
  }
}
