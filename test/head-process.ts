import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HeadRecord } from '../src/config/state-folder.ts';
import type { NodeReport } from '../src/report/node-report.ts';
import { type ProgramResult, runProgram } from './fleet/fleet.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A head of its own state folder and port, driven through the scripts that people use. */
export interface HeadProcess {
  folder: string;
  nodeList: string;
  writeList(text: string): void;
  start(...more: string[]): Promise<ProgramResult>;
  /** The same as words, to be run on a terminal. */
  startWords: readonly string[];
  commandWords(...words: string[]): string[];
  kill(): Promise<ProgramResult>;
  rollcall(...words: string[]): Promise<ProgramResult>;
  /** Starts a command that goes on; calls back with each line. The result ends it. */
  follow(words: string[], onLine: (line: string) => void): () => Promise<void>;
  /** Opens the page's event stream; the result closes it. */
  openEvents(): Promise<() => void>;
  record(): HeadRecord;
  get(path: string, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
  node(name: string): Promise<NodeReport | null>;
  nodes(): Promise<NodeReport[]>;
  /** Stops what runs and removes the folder. */
  dispose(): Promise<void>;
}

const START_LIMIT_MS = 60_000;

/** `settings` are lines of rollcall.toml. */
export function createHeadProcess(sshConfig: string | null, settings = ''): HeadProcess {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-head-'));
  const nodeList = join(folder, 'nodes');
  const stateDir = join(folder, 'state');
  const configFile = join(folder, 'rollcall.toml');
  writeFileSync(configFile, settings);
  const common = ['--state-dir', stateDir];
  const own = [
    '--node-list',
    nodeList,
    '--port',
    '0',
    '--config',
    configFile,
    ...(sshConfig === null ? [] : ['--ssh-config', sshConfig]),
  ];
  const record = () => JSON.parse(readFileSync(join(stateDir, 'head.json'), 'utf8')) as HeadRecord;

  function get(
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const asked = request(new URL(path, record().url), { headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  const script = (name: string, words: string[]) =>
    runProgram(join(root, 'scripts', name), words, START_LIMIT_MS);
  return {
    folder,
    nodeList,
    writeList: (text) => writeFileSync(nodeList, text),
    startWords: [join(root, 'scripts', 'run_monitor.sh'), ...common, ...own],
    commandWords: (...words) => [process.execPath, join(root, 'dist/rollcall.js'), ...words, ...common],
    start: (...more) => script('run_monitor.sh', [...common, ...own, ...more]),
    kill: () => script('kill_monitor.sh', common),
    rollcall: (...words) =>
      runProgram(process.execPath, [join(root, 'dist/rollcall.js'), ...words, ...common], START_LIMIT_MS),
    follow(words, onLine) {
      const child = spawn(process.execPath, [join(root, 'dist/rollcall.js'), ...words, ...common], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      createInterface({ input: child.stdout }).on('line', onLine);
      const ended = once(child, 'close');
      return async () => {
        child.kill();
        await ended;
      };
    },
    async openEvents() {
      // A stream that does not say what its page has shown is told to reload, and ends. To ask for a page
      // counts as a look for a while, so it is that of one node, the last.
      const listed = JSON.parse((await get('/api/v1/nodes')).text) as { nodes: NodeReport[] };
      const last = encodeURIComponent(listed.nodes.at(-1)?.name ?? '');
      const page = await get(`/nodes/${last}`, { accept: 'text/html' });
      const since = /data-live-version="([^"]+)"/.exec(page.text)?.[1] ?? '';
      return new Promise((resolve, reject) => {
        const asked = request(new URL(`/events?since=${since}`, record().url), (answer) => {
          answer.resume();
          answer.once('error', () => undefined);
          resolve(() => asked.destroy());
        });
        asked.once('error', reject);
        asked.end();
      });
    },
    record,
    get,
    async node(name) {
      const { status, text } = await get(`/api/v1/nodes/${encodeURIComponent(name)}`);
      return status === 200 ? (JSON.parse(text) as NodeReport) : null;
    },
    nodes: async () => (JSON.parse((await get('/api/v1/nodes')).text) as { nodes: NodeReport[] }).nodes,
    async dispose() {
      await script('kill_monitor.sh', common);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
