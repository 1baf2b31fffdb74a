import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pointOf } from '../../test/support/history-trace.ts';
import { openHistoryTools } from '../head/history-tools.ts';
import type { PastEvent } from '../report/history.ts';
import { type HistoryService, openService } from './service.ts';
import { findSqlite } from './sqlite/sqlite.ts';
import { dayName, usualKeptDays } from './tiers.ts';

let folder: string;
let service: HistoryService | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-service-'));
});
afterEach(async () => {
  await service?.close();
  service = null;
  rmSync(folder, { recursive: true, force: true });
});
const open = () => openService({ folder, keptDays: usualKeptDays, mostBytes: null, url: null });

const NOW_MS = Date.now();
const event: PastEvent = {
  atMs: NOW_MS,
  node: 'a',
  kind: 'state',
  severity: 'error',
  gpuIndex: null,
  text: 'gone',
};
const seen = { snapshots: [{ node: 'a', atMs: NOW_MS, json: '{}' }], events: [event] };

it('says that something is in the way of what happened, and tells it once when it is not any more', async () => {
  service = await open();
  const inTheWay = join(folder, `frame-${dayName(NOW_MS)}.sqlite`);
  mkdirSync(inTheWay);
  await expect(service.observe(seen)).rejects.toThrow();
  await expect(service.observe(seen)).rejects.toThrow();
  expect(await service.status()).toMatchObject({
    state: 'failing',
    problem: expect.stringMatching(/^history is not written: what happened: .*frame-/),
  });
  rmdirSync(inTheWay);
  await service.observe(seen);
  expect(await service.events(null, NOW_MS - 1, NOW_MS + 1)).toEqual([event]);
  expect(await service.status()).toMatchObject({ state: 'on', problem: null });
});

it('says that the ledger is not written', async () => {
  service = await open();
  const other = (await findSqlite()).open(join(folder, 'ledger.sqlite'));
  other.exec(
    "CREATE TRIGGER stop BEFORE INSERT ON ledger_batch BEGIN SELECT RAISE(ABORT, 'no more paper'); END",
  );
  const batch = { writer: 'head', number: 1, jobs: [], usage: [] };
  await expect(service.writeLedger(batch)).rejects.toThrow('no more paper');
  expect(await service.status()).toMatchObject({
    state: 'failing',
    problem: 'history is not written: the ledger: no more paper',
  });
  other.exec('DROP TRIGGER stop');
  other.close();
  await service.writeLedger(batch);
  expect(await service.status()).toMatchObject({ state: 'on', problem: null });
});

it('that could not be opened leaves nothing open, and can be later', async () => {
  const inTheWay = join(folder, 'ledger.sqlite');
  mkdirSync(inTheWay);
  await expect(open()).rejects.toThrow('ledger.sqlite');
  rmdirSync(inTheWay);
  service = await open();
  expect(await service.openJobs()).toEqual([]);
});

it('whose files are removed while it is open goes on in new ones', async () => {
  service = await open();
  await service.observe(seen);
  await service.writeLedger({ writer: 'head', number: 1, jobs: [], usage: [] });
  for (const name of readdirSync(folder).filter((one) => one !== 'lock')) rmSync(join(folder, name));
  await service.observe(seen);
  await service.writeLedger({ writer: 'head', number: 2, jobs: [], usage: [] });
  await service.close();
  expect(readdirSync(folder).sort()).toEqual([
    'events.sqlite',
    `frame-${dayName(NOW_MS)}.sqlite`,
    'ledger.sqlite',
    'lock',
  ]);
  service = await open();
  expect(await service.events(null, NOW_MS - 1, NOW_MS + 1)).toEqual([event]);
});

it('bounds an answer about a node that had thousands of jobs', async () => {
  service = await open();
  const lastMs = Math.floor(NOW_MS / 10_000) * 10_000;
  const first = lastMs / 10_000 - 2_000;
  const points = Array.from({ length: 2_000 }, (_, at) =>
    pointOf('a', (first + at) * 10_000, {
      cpu: at % 100,
      gpus: new Map(Array.from({ length: 8 }, (__, gpu) => [gpu, at % 100])),
      // One that stays, and four that are others every time.
      jobs: new Map([['slurm:1', 1], ...[2, 3, 4, 5].map((job) => [`slurm:${at * 9 + job}`, 1] as const)]),
    }),
  );
  await service.append(points);
  const question = { node: 'a', fromMs: first * 10_000, toMs: lastMs, stepMs: 10_000 };
  const all = await service.history({ ...question, series: null });
  const jobs = new Set(all.series.flatMap(({ jobKey }) => jobKey ?? []));
  expect(jobs.size).toBe(48);
  expect(jobs).toContain('slurm:1');
  expect(all.series.length * all.timesMs.length).toBeLessThan(252_000);
  expect(all.series.find(({ key }) => key === 'cpu')?.max).not.toContain(null);
  const one = await service.history({ ...question, series: ['job.slurm:2'] });
  expect(one.stepMs).toBe(10_000);
});

it('has its folder for itself, until it is closed', async () => {
  service = await open();
  await expect(open()).rejects.toThrow(`another head has its history in ${folder}`);
  const { repair } = await openHistoryTools(folder);
  expect(() => repair('ledger.sqlite')).toThrow('another head');
  await service.close();
  service = await open();
  expect((await service.status()).state).toBe('on');
});

it('tells the other nodes of a minute where one is damaged, and says so', async () => {
  service = await open();
  const json = (name: string) => JSON.stringify({ name, state: 'live', sample: null });
  await service.observe({
    snapshots: ['a', 'b'].map((node) => ({ node, atMs: NOW_MS, json: json(node) })),
    events: [],
  });
  const other = (await findSqlite()).open(join(folder, `frame-${dayName(NOW_MS)}.sqlite`));
  other.exec("UPDATE snapshot SET bytes = x'0102030405' WHERE node = (SELECT id FROM node WHERE name = 'a')");
  other.close();
  expect((await service.past(NOW_MS)).map(({ name }) => name)).toEqual(['b']);
  expect((await service.status()).problem).toMatch(/^how a was at .* is damaged/);
});

it('does not write where a link leads', async () => {
  service = await open();
  const elsewhere = join(folder, 'elsewhere');
  symlinkSync(elsewhere, join(folder, `frame-${dayName(NOW_MS)}.sqlite`));
  await expect(service.observe(seen)).rejects.toThrow('is no plain file; move it away');
  expect(existsSync(elsewhere)).toBe(false);
});
