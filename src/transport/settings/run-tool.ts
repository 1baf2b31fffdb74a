import { execFile } from 'node:child_process';
import { headLimitOf } from '../head-limits.ts';

/** What a short program of the system said. `code` is null where it did not end in time. */
export interface ToolResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export class ToolMissingError extends Error {
  readonly tool: string;

  constructor(tool: string) {
    super(`${tool} is missing on this machine`);
    this.name = 'ToolMissingError';
    this.tool = tool;
  }
}

export type RunTool = (tool: string, args: readonly string[], input?: string) => Promise<ToolResult>;

const LIMIT_MS = 10_000;
/** A fleet's first look-ups come all at once; the machine has other work too. */
const AT_ONCE = 8;

let running = 0;
const waiting: (() => void)[] = [];

async function awaitTurn(): Promise<void> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
}

/** Hands the turn on to the next in line. */
function endTurn(): void {
  const next = waiting.shift();
  if (next) next();
  else running -= 1;
}

function spawnTool(tool: string, args: readonly string[], input: string): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const options = { timeout: LIMIT_MS, killSignal: 'SIGKILL' as const, maxBuffer: 4 * 1024 * 1024 };
    const child = execFile(tool, args, options, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT') return reject(new ToolMissingError(tool));
      // It was never started: that is no answer.
      if (headLimitOf(error) !== null) return reject(error);
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Runs a program to its end, at most ten seconds and a few at a time. Rejects only where it is missing or the head can start no program. */
export const runTool: RunTool = async (tool, args, input = '') => {
  await awaitTurn();
  try {
    return await spawnTool(tool, args, input);
  } finally {
    endTurn();
  }
};
