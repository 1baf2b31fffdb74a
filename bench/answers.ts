import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { build } from 'esbuild';
import { mebibytes, quantile, round } from './report.ts';

/**
 * What answers about all nodes cost a head in CPU time: a head of this build, and of another one where its folder is
 * given, asked in turn. Each head is a process of its own with 1,000 nodes that tell a sample a second.
 */

const NODES = 1_000;
const ROUNDS = 3;
const IDLE_MS = 2_500;
const paths = ['/api/v1/nodes', '/api/v1/gpus', '/api/v1/jobs', '/readyz', '/?term'];

/** How often somebody asks. Between two questions all nodes have a new sample, or those of the time that an answer takes. */
const paces = [
  { name: 'once a second', waitMs: 1_000, count: 4 },
  { name: 'one after another', waitMs: 0, count: 10 },
] as const;

interface AskedHead {
  child: ChildProcess;
  port: number;
}

/** Compiles the head of bench:page in a checkout, which may be of another commit, and starts it there. */
async function startHead(folder: string): Promise<AskedHead> {
  const file = join(folder, 'dist/bench/page-head.js');
  await build({
    absWorkingDir: folder,
    entryPoints: ['bench/page-head.ts'],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
  const child = fork(file, [String(NODES)], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, port };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface HeadFigures {
  cpuMs: number;
  residentBytes: number;
}

async function figuresOf({ child }: AskedHead): Promise<HeadFigures> {
  const answered = once(child, 'message');
  child.send('figures');
  const [figures] = (await answered) as [HeadFigures];
  return figures;
}

const cpuMsOf = async (head: AskedHead) => (await figuresOf(head)).cpuMs;

async function ask({ port }: AskedHead, path: string): Promise<number> {
  // Without compression, which costs the same for the same text.
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { 'accept-encoding': 'identity' },
  });
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
  return (await answer.arrayBuffer()).byteLength;
}

/** CPU milliseconds of one answer, beyond what samples cost meanwhile. */
async function costOf(
  head: AskedHead,
  path: string,
  { waitMs, count }: (typeof paces)[number],
): Promise<number> {
  const idleFrom = { cpuMs: await cpuMsOf(head), ms: performance.now() };
  await sleep(IDLE_MS);
  const from = { cpuMs: await cpuMsOf(head), ms: performance.now() };
  for (let at = 0; at < count; at += 1) {
    const askedMs = performance.now();
    await ask(head, path);
    await sleep(Math.max(0, waitMs - (performance.now() - askedMs)));
  }
  const spentMs = (await cpuMsOf(head)) - from.cpuMs;
  const idleShare = (from.cpuMs - idleFrom.cpuMs) / (from.ms - idleFrom.ms);
  return (spentMs - idleShare * (performance.now() - from.ms)) / count;
}

const median = (values: readonly number[]) => quantile([...values], 0.5);

/** Rows of a table: what was asked, milliseconds, and with `against` those of the other build and the ratio. */
export async function measureAnswers(against: string | null): Promise<[string, string, string][]> {
  const folders = [process.cwd(), ...(against === null ? [] : [against])];
  const rows: [string, string, string][] = [];
  const heads = [];
  for (const folder of folders) heads.push(await startHead(folder));
  try {
    const before = [];
    for (const head of heads) before.push(await figuresOf(head));
    for (const path of paths) for (const head of heads) await ask(head, path);
    for (const path of paths)
      for (const pace of paces) {
        const costs: number[][] = heads.map(() => []);
        for (let at = 0; at < ROUNDS; at += 1)
          for (const [number, head] of heads.entries()) costs[number]?.push(await costOf(head, path, pace));
        const [own = 0, other] = costs.map(median);
        const told =
          other === undefined ? '' : `${round(own / other)} × the other build's ${round(other)} ms`;
        rows.push([`GET ${path}, ${pace.name}`, `${round(own)} ms`, told]);
      }
    const grown = [];
    for (const [number, head] of heads.entries()) {
      const { residentBytes } = await figuresOf(head);
      grown.push(`${mebibytes(before[number]?.residentBytes ?? 0)} → ${mebibytes(residentBytes)}`);
    }
    const [own = '', other] = grown;
    rows.push(['resident, before the first question → after the last', own, other ?? '']);
  } finally {
    for (const { child } of heads) child.disconnect();
  }
  return rows;
}
