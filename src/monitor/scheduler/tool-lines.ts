import { createLineSplitter } from '../../lib/line-splitter.ts';
import type { Leash } from '../leash.ts';
import type { System } from '../system.ts';

/** A tool whose answer may be long, read line by line and never kept whole. */

const MAX_LINE_BYTES = 256 * 1024;
/** A hundred thousand jobs that wait. */
const MAX_OUTPUT_BYTES = 128 * 1024 * 1024;
const KEPT_WORDS_LENGTH = 300;

/** Null after an orderly end, else the tool's own words or how it ended. Resolves once the tool is really gone. */
export function readToolLines(
  system: System,
  leash: Leash,
  program: string,
  args: readonly string[],
  limitMs: number,
  onLine: (line: string) => void,
): Promise<string | null> {
  return new Promise((resolve) => {
    const child = system.start(program, args);
    const splitter = createLineSplitter(MAX_LINE_BYTES, takeLine, () => undefined);
    let length = 0;
    let complaint = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, limitMs);
    /** A line that cannot be read is left out alone: thrown here, it would end the monitor. */
    function takeLine(line: string): void {
      try {
        onLine(line);
      } catch {
        // The others count.
      }
    }
    const end = (how: string | null) => {
      clearTimeout(timer);
      const words = complaint.replace(/\s+/g, ' ').trim();
      resolve(how === null ? null : words === '' ? how : `${words} (${how})`);
    };
    child.stdout?.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_OUTPUT_BYTES) child.kill('SIGKILL');
      else splitter.push(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      if (complaint.length < KEPT_WORDS_LENGTH)
        complaint = (complaint + chunk.toString('utf8')).slice(0, KEPT_WORDS_LENGTH);
    });
    child.once('error', (error) => end(error.message));
    child.once('close', (code, signal) => {
      if (isLate) return end(`no answer within ${limitMs / 1000} s`);
      end(code === 0 ? null : signal ? `ended by ${signal}` : `exit code ${code}`);
    });
    leash.add(child);
  });
}
