import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pointOf } from '../../../test/support/history-trace.ts';
import { hasPostgres, type Postgres, startPostgres } from '../../../test/support/postgres.ts';
import { copyHistory } from '../copy.ts';
import { valuesOf } from '../engine/bins.ts';
import { type Keeping, openKeeping } from '../keeper.ts';
import { findSqlite } from '../sqlite/sqlite.ts';
import { createSqliteStore } from '../sqlite/sqlite-store.ts';
import { DAY_MS, RAW, usualKeptDays } from '../tiers.ts';
import { createPostgresStore } from './postgres-store.ts';
import { connectServer } from './server.ts';

const START = Date.parse('2026-11-27T03:00:00Z');
const STEP_MS = 10_000;
/** More than a day, and a bit of a half hour. */
const END = START + DAY_MS + 13 * 60_000;
const nodes = ['a', 'b'];

describe.runIf(hasPostgres)('a history that is copied', () => {
  let postgres: Postgres;
  let folder: string;
  const clock = { ms: START };
  const limits = { nowMs: () => clock.ms, keptDays: usualKeptDays };
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.remove());
  beforeEach(async () => {
    const server = connectServer(postgres.url);
    await server.query('DROP SCHEMA IF EXISTS rollcall CASCADE');
    await server.close();
    folder = mkdtempSync(join(tmpdir(), 'rollcall-copy-'));
    clock.ms = START;
    return () => rmSync(folder, { recursive: true, force: true });
  });

  const inFiles = async (name: string) =>
    openKeeping(createSqliteStore({ folder: join(folder, name), sqlite: await findSqlite() }), limits);
  const openTarget = () => createPostgresStore({ url: postgres.url, isAlone: true });
  const inDatabase = async () => openKeeping(await openTarget(), limits);

  async function feed({ engine, store }: Keeping, fromMs: number, toMs: number): Promise<void> {
    for (let atMs = fromMs; atMs < toMs; atMs += RAW.bucketMs / 2) {
      const count = Math.min(RAW.bucketMs / 2, toMs - atMs) / STEP_MS;
      const moments = Array.from({ length: count }, (_, at) => atMs + at * STEP_MS);
      clock.ms = moments.at(-1) ?? atMs;
      await engine.append(
        moments.flatMap((ms) =>
          nodes.map((node) => {
            const value = Math.round(50 + 40 * Math.sin(ms / 7e6 + node.charCodeAt(0)));
            return pointOf(node, ms, { cpu: value, gpus: new Map([[0, value]]), jobs: new Map() });
          }),
        ),
      );
      await engine.work();
      expect(engine.problem()).toBeNull();
    }
    const event = {
      atMs: toMs - 1,
      node: 'a',
      kind: 'xid',
      severity: 'error',
      gpuIndex: 0,
      text: 'fell',
    } as const;
    await store.writeEvents([event]);
    await store.writeSnapshots(nodes.map((node) => ({ node, atMs: toMs - 1, bytes: Uint8Array.of(1, 2) })));
  }

  /** All that can be asked of it. */
  async function told({ engine, store }: Keeping) {
    const lines: unknown[] = [];
    for (const node of nodes)
      for (const stepMs of [STEP_MS, 60_000, 900_000, DAY_MS]) {
        const { bins, tier } = await engine.range({
          node,
          fromMs: START,
          toMs: END,
          stepMs,
          isWanted: () => true,
        });
        lines.push([node, tier.name, Array.from(bins.lines, ([key, line]) => [key, valuesOf(line)])]);
      }
    const frames = [];
    for (let atMs = START; atMs < END; atMs += 7 * 60_000) frames.push(await engine.frame(atMs));
    const snapshots = (await store.snapshotsBetween(0, END)).map(({ node, atMs, bytes }) => [
      node,
      atMs,
      [...bytes],
    ]);
    return { lines, frames, snapshots, events: await store.readEvents(null, 0, END, 99) };
  }

  it('tells the same as before, also where the copying was broken off twice', async () => {
    const source = await inFiles('source');
    await feed(source, START, END);
    for (const limit of [5, 40]) {
      const target = await openTarget();
      const breaking = copyHistory(
        source,
        target,
        () => openKeeping(target, limits),
        ({ done }) => {
          if (done === limit) throw new Error('broken off');
        },
      );
      await expect(breaking).rejects.toThrow('broken off');
      await target.close();
    }
    const target = await openTarget();
    const percents: number[] = [];
    await copyHistory(
      source,
      target,
      () => openKeeping(target, limits),
      ({ done, total }) => percents.push(Math.floor((100 * done) / total)),
    );
    await target.close();
    expect(percents[0]).toBe(0);
    expect(percents.at(-1)).toBe(100);
    const copied = await inDatabase();
    expect(await told(copied)).toEqual(await told(source));
    expect(await copied.engine.sinceMs()).toBe(await source.engine.sinceMs());
    await source.engine.close();
    await copied.engine.close();
  });

  it('joins what the database has of later already', async () => {
    const oracle = await inFiles('oracle');
    const source = await inFiles('source');
    const switchMs = START + 19 * 3_600_000 + 1_230_000;
    await feed(source, START, switchMs);
    clock.ms = START;
    const later = await inDatabase();
    await feed(later, switchMs, END);
    await later.engine.close();
    clock.ms = START;
    await feed(oracle, START, switchMs);
    await feed(oracle, switchMs, END);
    const target = await openTarget();
    await copyHistory(
      source,
      target,
      () => openKeeping(target, limits),
      () => undefined,
    );
    await target.close();
    const copied = await inDatabase();
    await copied.engine.work();
    expect(await told(copied)).toEqual(await told(oracle));
    for (const { engine } of [source, oracle, copied]) await engine.close();
  });
});
