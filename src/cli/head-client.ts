import { type IncomingMessage, request } from 'node:http';
import type { Config } from '../config/config.ts';
import {
  type HeadRecord,
  isRunning,
  openStateFolder,
  readRecord,
  type StateFolder,
} from '../config/state-folder.ts';
import { scriptHere } from './here.ts';
import { UsageError } from './usage-error.ts';

const ANSWER_LIMIT_MS = 10_000;

/** The running head of a state folder, spoken to through the Unix socket in it. */
export interface HeadClient {
  record: HeadRecord;
  folder: StateFolder;
  /** Parsed JSON of an answer; null for 404. */
  getJson(path: string): Promise<unknown>;
  post(path: string): Promise<number>;
  postJson(path: string, body?: unknown): Promise<unknown>;
  /** Calls back with every line of a streamed answer; `limitMs` may pass between two pieces of it. */
  lines(method: 'GET' | 'POST', path: string, onLine: (line: string) => void, limitMs: number): Promise<void>;
}

/** Finds the running head; null where none runs. */
export function findHead(config: Config): HeadClient | null {
  const folder = openStateFolder(config.stateDir);
  const record = readRecord(folder);
  return record !== null && isRunning(record) ? createHeadClient(folder, record) : null;
}

/** Finds the running head or says how to start one. */
export function requireHead(config: Config): HeadClient {
  const head = findHead(config);
  if (head === null) {
    throw new UsageError(
      `no head runs with the state folder ${config.stateDir}; start one: ${scriptHere('run_monitor.sh')}`,
    );
  }
  return head;
}

function createHeadClient(folder: StateFolder, record: HeadRecord): HeadClient {
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
        asked.destroy(new Error(`the head did not answer within ${limitMs / 1000} s`)),
      );
      asked.once('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
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
    async post(path) {
      const answer = await ask('POST', path, ANSWER_LIMIT_MS);
      await readAll(answer);
      return answer.statusCode ?? 0;
    },
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
