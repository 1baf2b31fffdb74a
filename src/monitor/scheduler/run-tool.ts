import type { Leash } from '../leash.ts';
import type { System } from '../system.ts';

/** A tool asked once in a while: bounded in time and output, and gone when the monitor is. */

const MAX_OUTPUT_BYTES = 1024 * 1024;

export interface ToolAnswer {
  /** False for every end but an orderly one; the text is what it had said until then. */
  ok: boolean;
  text: string;
}

/** Resolves once the tool is really gone: one that hangs in the kernel is not started a second time beside it. */
export function runOnLeash(
  system: System,
  leash: Leash,
  program: string,
  args: readonly string[],
  limitMs: number,
): Promise<ToolAnswer> {
  return new Promise((resolve) => {
    const child = system.start(program, args);
    const chunks: Buffer[] = [];
    let length = 0;
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    const end = (ok: boolean) => {
      clearTimeout(timer);
      resolve({ ok, text: Buffer.concat(chunks).toString('utf8') });
    };
    child.stdout?.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_OUTPUT_BYTES) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.stderr?.resume();
    child.once('error', () => end(false));
    child.once('close', (code) => end(code === 0));
    leash.add(child);
  });
}
