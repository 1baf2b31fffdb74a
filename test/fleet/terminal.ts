import { spawn } from 'node:child_process';
import { shellCommand } from '../../src/lib/shell-quote.ts';

/** A command on a terminal of its own (`script`), with somebody who types. */
export interface Terminal {
  /** Everything shown so far. */
  shown(): string;
  /** Resolves when the text is shown; rejects when the command ends before. */
  awaitText(text: string): Promise<void>;
  type(text: string): void;
  readonly ended: Promise<number | null>;
}

const LIMIT_MS = 40_000;

export function openTerminal(
  words: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Terminal {
  const child = spawn('script', ['-qefc', shellCommand(words), '/dev/null'], {
    env: environment,
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let text = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    for (const listener of listeners) listener();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    shown: () => text,
    awaitText: (wanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!text.includes(wanted)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        ended.then(() => reject(new Error(`never shown: "${wanted}"; shown: ${text}`)));
        look();
      }),
    type: (typed) => child.stdin.write(typed),
    ended,
  };
}
