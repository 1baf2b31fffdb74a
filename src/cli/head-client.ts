import { type IncomingMessage, request } from 'node:http';
import { readStateDir } from '../config/client-settings.ts';
import { findRunningHead, type RunningHead } from '../config/running-head.ts';
import { defaultStateDir } from '../config/setting-paths.ts';
import { shellQuote } from '../lib/shell-quote.ts';
import { environment, surroundings } from './environment.ts';
import { lastFlags } from './flags.ts';
import { scriptHere } from './here.ts';
import { tellProblem } from './tell-problem.ts';
import { UsageError } from './usage/usage-error.ts';

const ANSWER_LIMIT_MS = 10_000;

/** The running head of a state folder, spoken to through the Unix socket in it. */
export interface HeadClient extends RunningHead {
  /** Parsed JSON of an answer; null for 404. */
  getJson(path: string): Promise<unknown>;
  postJson(path: string, body?: unknown): Promise<unknown>;
  /** Calls back with every line of a streamed answer; `limitMs` may pass between two pieces of it. */
  lines(method: 'GET' | 'POST', path: string, onLine: (line: string) => void, limitMs: number): Promise<void>;
}

/** Finds the head that runs with a state folder; null where none does. */
export function findHead({ stateDir }: { stateDir: string }): HeadClient | null {
  const head = findRunningHead(stateDir);
  return head === null ? null : createHeadClient(head);
}

/** The same; where no folder was named and no head of real nodes runs, the demo. */
export function findHeadOrDemo({ stateDir }: { stateDir: string }): HeadClient | null {
  const isUsual = stateDir === defaultStateDir(environment);
  return (
    findHead({ stateDir }) ?? (isUsual ? findHead({ stateDir: defaultStateDir(environment, true) }) : null)
  );
}

/** Finds the running head or says how to start one. */
export function requireHead(settings: { stateDir: string }): HeadClient {
  const head = findHeadOrDemo(settings);
  if (head === null) {
    throw new UsageError(
      `no head runs with the state folder ${settings.stateDir}; start one: ${scriptHere('run_monitor.sh')}`,
    );
  }
  return head;
}

/** The own head that the flags of a command mean, or how to start one. For what only its owner may do. */
export async function requireOwnHead(flags: object): Promise<HeadClient> {
  const stateDir = await readStateDir({ ...surroundings(), flags: lastFlags(flags) }, tellProblem);
  const head = findHeadOrDemo({ stateDir });
  if (head === null && environment.ROLLCALL_URL)
    throw new UsageError("this needs the head's owner: run it on its machine, as the user who started it");
  if (head !== null) return head;
  const earlier = earlierHead({ stateDir }, flags);
  if (earlier !== null) throw new UsageError(`no head runs with the state folder ${stateDir}; ${earlier}`);
  return requireHead({ stateDir });
}

/**
 * A sentence about the head that was started before the settings named another state folder, and how it is stopped; null
 * without one, and where the flags name the folder.
 */
export function earlierHead({ stateDir }: { stateDir: string }, flags: object): string | null {
  const usual = defaultStateDir(environment);
  if (stateDir === usual || lastFlags(flags)['state-dir'] !== undefined) return null;
  const head = findHead({ stateDir: usual });
  if (head === null) return null;
  const command = `${scriptHere('kill_monitor.sh')} --state-dir ${shellQuote(usual)}`;
  return `an earlier head (pid ${head.record.pid}) runs with ${usual}; stop it with --state-dir: ${command}`;
}

function createHeadClient({ record, folder }: RunningHead): HeadClient {
  function ask(method: string, path: string, limitMs: number, body?: unknown): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          socketPath: folder.socketPath,
          method,
          path,
          headers: { host: 'localhost', authorization: `Bearer ${folder.token}` },
        },
        resolve,
      );
      asked.setTimeout(limitMs, () =>
        asked.destroy(new UsageError(`the head did not answer within ${limitMs / 1000} s`)),
      );
      asked.once('error', (error) => reject(withRemedy(error)));
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** The head is there, but nobody is at its socket: it is about to end, or hangs. */
  function withRemedy(error: Error & { code?: string }): Error {
    if (error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT') return error;
    return new UsageError(`the head (pid ${record.pid}) does not answer; see its log: ${folder.logPath}`);
  }

  async function askJson(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await ask(method, path, ANSWER_LIMIT_MS, body);
    const text = await readAll(answer);
    return answer.statusCode === 404 ? null : (JSON.parse(text) as unknown);
  }

  return {
    record,
    folder,
    getJson: (path) => askJson('GET', path),
    postJson: (path, body) => askJson('POST', path, body),
    async lines(method, path, onLine, limitMs) {
      const answer = await ask(method, path, limitMs);
      let rest = '';
      for await (const chunk of answer) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) onLine(line);
      }
      if (rest !== '') onLine(rest);
    },
  };
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
