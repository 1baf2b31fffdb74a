import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type PluginBuild } from 'esbuild';
import { mebibytes, quantile, round } from './report.ts';

/**
 * What answers about all nodes cost a head in CPU time: a head of this build, and of another one where its folder is
 * given, asked in turn. Each head is a process of its own with 1,000 nodes.
 */

const NODES = 1_000;
const ROUNDS = 3;
const IDLE_MS = 2_000;
const WARM_UP_MS = 12_000;
const paths = ['/api/v1/nodes', '/api/v1/gpus', '/api/v1/jobs', '/readyz', '/?term'];

/** Somebody asks once a second. Meanwhile a tenth of the nodes has a new sample, as where nobody looks, or each has. */
export const usualIntervalsMs = [10_000, 1_000];
const ASK_EVERY_MS = 1_000;
const QUESTIONS = 4;

interface AskedHead {
  child: ChildProcess;
  port: number;
}

/** Builds of before know one interval only. */
const withInterval = {
  name: 'interval',
  setup({ onLoad }: PluginBuild) {
    onLoad({ filter: /bench\/page-head\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(
        /INTERVAL_MS = 1_000;/,
        'INTERVAL_MS = Number(process.argv[3]);',
      ),
      loader: 'ts' as const,
    }));
  },
};

/** Compiles the head of bench:page in a checkout, which may be of another commit. */
async function compileHead(folder: string): Promise<string> {
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
    plugins: [withInterval],
  });
  return file;
}

async function startHead(folder: string, file: string, intervalMs: number): Promise<AskedHead> {
  const words = [String(NODES), String(intervalMs)];
  const child = fork(file, words, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
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
async function costOf(head: AskedHead, path: string): Promise<number> {
  const idleFrom = { cpuMs: await cpuMsOf(head), ms: performance.now() };
  await sleep(IDLE_MS);
  const idleTo = { cpuMs: await cpuMsOf(head), ms: performance.now() };
  // Whoever asks once a second has asked a second ago, too.
  await ask(head, path);
  await sleep(ASK_EVERY_MS);
  const from = { cpuMs: await cpuMsOf(head), ms: performance.now() };
  for (let at = 0; at < QUESTIONS; at += 1) {
    const askedMs = performance.now();
    await ask(head, path);
    await sleep(Math.max(0, ASK_EVERY_MS - (performance.now() - askedMs)));
  }
  const spentMs = (await cpuMsOf(head)) - from.cpuMs;
  const idleShare = (idleTo.cpuMs - idleFrom.cpuMs) / (idleTo.ms - idleFrom.ms);
  return (spentMs - idleShare * (performance.now() - from.ms)) / QUESTIONS;
}

const median = (values: readonly number[]) => quantile([...values], 0.5);

type Rows = [what: string, measured: string, beside: string][];

/** The heads are asked in turn, so that whatever else the machine does meets all of them. */
async function measureSituation(heads: readonly AskedHead[], name: string): Promise<Rows> {
  const rows: Rows = [];
  const before = await Promise.all(heads.map(figuresOf));
  // Each node has told a sample, and whatever is compiled late is.
  await sleep(WARM_UP_MS);
  for (const path of paths) for (const head of heads) await ask(head, path);
  for (const path of paths) {
    const costs: number[][] = heads.map(() => []);
    for (let at = 0; at < ROUNDS; at += 1)
      for (const [number, head] of heads.entries()) costs[number]?.push(await costOf(head, path));
    const [own = 0, other] = costs.map(median);
    const told = other === undefined ? '' : `${round(own / other, 2)} × the other build's ${round(other)} ms`;
    rows.push([`GET ${path}, ${name}`, `${round(own)} ms`, told]);
  }
  const after = await Promise.all(heads.map(figuresOf));
  const [own = '', other = ''] = after.map(
    ({ residentBytes }, at) => `${mebibytes(before[at]?.residentBytes ?? 0)} → ${mebibytes(residentBytes)}`,
  );
  rows.push([`resident at the start → at the end, ${name}`, own, other]);
  return rows;
}

/** Rows of a table: what was asked, milliseconds, and with `against` (a folder) those of the other build and the ratio. */
export async function measureAnswers(against: string | null, intervalsMs = usualIntervalsMs): Promise<Rows> {
  const folders = [process.cwd(), ...(against === null ? [] : [against])];
  const files = await Promise.all(folders.map(compileHead));
  const rows: Rows = [];
  for (const intervalMs of intervalsMs) {
    const heads: AskedHead[] = [];
    for (const [at, folder] of folders.entries())
      heads.push(await startHead(folder, files[at] ?? '', intervalMs));
    rows.push(...(await measureSituation(heads, `a sample every ${intervalMs / 1_000} s`)));
    for (const { child } of heads) child.disconnect();
  }
  return rows;
}
