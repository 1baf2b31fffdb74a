import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlobStore } from '../../src/history/blob-store.ts';
import { valuesOf } from '../../src/history/engine/bins.ts';
import { createEngine } from '../../src/history/engine/engine.ts';
import { DAY_MS, RAW } from '../../src/history/tiers.ts';
import type { PastEvent } from '../../src/report/history.ts';
import { pointOf } from './history-trace.ts';

/** Where a store's bytes lie: each opening finds what was written before. */
export interface BlobPlace {
  open(): Promise<BlobStore>;
  remove(): Promise<void>;
}

const DAY = Date.parse('2026-11-30T00:00:00Z');
const HALF_HOUR_MS = RAW.bucketMs;
/** Every byte, and more than PostgreSQL keeps within a row. */
const all = (seed: number) =>
  Uint8Array.from({ length: 5_000 }, (_, at) => (at * 7 + (at >> 8) + seed) % 256);
const plain = (bytes: Uint8Array | null | undefined) => (bytes ? [...bytes] : null);
const eventOf = (atMs: number, node: string, text: string, gpuIndex: number | null = null): PastEvent => ({
  atMs,
  node,
  kind: 'xid',
  severity: 'error',
  gpuIndex,
  text,
});

/** What every `BlobStore` does. `begin` makes an empty place. */
export function describeBlobStore(name: string, begin: () => Promise<BlobPlace>): void {
  describe(`a store of history: ${name}`, () => {
    let place: BlobPlace;
    let store: BlobStore;
    beforeAll(async () => {
      place = await begin();
      store = await place.open();
    });
    afterAll(async () => {
      await store.close();
      await place.remove();
    });
    /** What comes back must have lain there. */
    const reopen = async () => {
      await store.close();
      store = await place.open();
    };

    it('says what it is and where', () => {
      expect(store.engine).toMatch(/\d/);
      expect(store.place).not.toBe('');
      expect(store.problems()).toEqual([]);
    });

    it.each(['raw', 'minute', 'quarter', 'day'] as const)(
      'keeps chunks of %s, over the end of a day',
      async (tier) => {
        const stepMs = tier === 'raw' ? HALF_HOUR_MS : tier === 'minute' ? 4 * HALF_HOUR_MS : DAY_MS;
        const buckets = [DAY - stepMs, DAY, DAY + stepMs];
        expect(await store.oldestMs(tier)).toBeNull();
        for (const [at, bucketMs] of buckets.entries())
          await store.writeChunks(tier, bucketMs, [
            ['a', all(at)],
            ['né \u{1f600}"\\{},', all(at + 100)],
          ]);
        await store.writeChunks(tier, DAY, [['later', all(9)]]);
        await store.writeChunks(tier, DAY, []);
        await reopen();
        const read = async (node: string, fromMs: number, toMs: number) =>
          (await store.readChunks(tier, node, fromMs, toMs)).map(({ bucketMs, bytes }) => [
            bucketMs,
            plain(bytes),
          ]);
        expect(await read('a', DAY - stepMs, DAY + stepMs + 1)).toEqual(
          buckets.map((bucketMs, at) => [bucketMs, plain(all(at))]),
        );
        expect(await read('né \u{1f600}"\\{},', DAY, DAY + 1)).toEqual([[DAY, plain(all(101))]]);
        // The end does not belong to a range.
        expect(await read('a', DAY - stepMs, DAY)).toHaveLength(1);
        expect(await read('nobody', 0, DAY * 2)).toEqual([]);
        expect((await store.nodesOf(tier, DAY - stepMs, DAY + stepMs + 1)).sort()).toEqual([
          'a',
          'later',
          'né \u{1f600}"\\{},',
        ]);
        expect(await store.nodesOf(tier, DAY + 2 * stepMs, DAY + 9 * stepMs)).toEqual([]);
        expect(await store.oldestMs(tier)).toBe(DAY - stepMs);
        await store.writeChunks(tier, DAY, [['a', Uint8Array.of(1, 0, 255)]]);
        expect(await read('a', DAY, DAY + 1)).toEqual([[DAY, [1, 0, 255]]]);
      },
    );

    it('keeps a frame for each bucket', async () => {
      await store.writeFrame(DAY, all(1));
      await store.writeFrame(DAY - HALF_HOUR_MS, all(2));
      await store.writeFrame(DAY, all(3));
      await reopen();
      expect(plain(await store.readFrame(DAY))).toEqual(plain(all(3)));
      expect(plain(await store.readFrame(DAY - HALF_HOUR_MS))).toEqual(plain(all(2)));
      expect(await store.readFrame(DAY + HALF_HOUR_MS)).toBeNull();
      expect(await store.oldestMs('frame')).toBe(DAY - HALF_HOUR_MS);
    });

    it('tells how each node was last, of that day or the day before', async () => {
      const at = (atMs: number, node: string, seed: number) => ({ atMs, node, bytes: all(seed) });
      const noon = DAY + DAY_MS / 2;
      await store.writeSnapshots([
        at(DAY - 2 * DAY_MS, 'a', 1),
        at(DAY - DAY_MS, 'a', 2),
        at(noon - 5, 'a', 3),
        at(noon + 5, 'a', 4),
      ]);
      await store.writeSnapshots([at(DAY - 2 * DAY_MS, 'old', 5), at(DAY - 1, 'b', 6)]);
      await store.writeSnapshots([at(DAY - 1, 'b', 7)]);
      await store.writeSnapshots([]);
      await reopen();
      const read = async (atMs: number) =>
        (await store.readSnapshots(atMs))
          .map(({ node, atMs: then, bytes }) => [node, then, plain(bytes)])
          .sort();
      expect(await read(noon)).toEqual([
        ['a', noon - 5, plain(all(3))],
        ['b', DAY - 1, plain(all(7))],
      ]);
      expect(await read(noon + 5)).toContainEqual(['a', noon + 5, plain(all(4))]);
      // From the day before, from its very beginning.
      expect(await read(DAY + 1)).toContainEqual(['a', DAY - DAY_MS, plain(all(2))]);
      expect(
        (await store.snapshotsBetween(DAY - DAY_MS, noon)).map(({ node, atMs }) => [node, atMs]),
      ).toEqual([
        ['a', DAY - DAY_MS],
        ['b', DAY - 1],
        ['a', noon - 5],
      ]);
      expect(await store.oldestMs('frame')).toBe(DAY - 2 * DAY_MS);
    });

    it('tells events in their order, of one node or all, and writes the same one once', async () => {
      const events = [
        eventOf(DAY + 2, 'b', 'second', 0),
        eventOf(DAY + 1, 'a', "first: it's “this”\n\u0001"),
        eventOf(DAY + 3, 'a', 'third', 7),
      ];
      await store.writeEvents(events);
      await store.writeEvents([eventOf(DAY + 3, 'a', 'third', 7), eventOf(DAY + 3, 'a', 'third', 8)]);
      await store.writeEvents([]);
      await reopen();
      const [second, first, third] = events;
      const ofGpu8 = eventOf(DAY + 3, 'a', 'third', 8);
      expect(await store.readEvents(null, DAY, DAY + 9, 9)).toEqual([first, second, third, ofGpu8]);
      expect(await store.readEvents('a', DAY, DAY + 3, 9)).toEqual([first]);
      expect(await store.readEvents(null, DAY + 2, DAY + 4, 2)).toEqual([third, ofGpu8]);
    });

    it('keeps the journal in the order of writing, until it is dropped', async () => {
      for (let at = 0; at < 12; at++)
        await store.appendJournal(at % 2 === 0 ? DAY : DAY + HALF_HOUR_MS, all(at));
      await reopen();
      const seeds = async (bucketMs: number) =>
        (await store.readJournal())
          .filter((one) => one.bucketMs === bucketMs)
          .map(({ bytes }) => plain(bytes));
      expect(await seeds(DAY)).toEqual([0, 2, 4, 6, 8, 10].map((seed) => plain(all(seed))));
      await store.dropJournal(DAY);
      expect(await seeds(DAY)).toEqual([]);
      expect(await seeds(DAY + HALF_HOUR_MS)).toHaveLength(6);
      await store.dropJournal(DAY + HALF_HOUR_MS);
      expect(await store.readJournal()).toEqual([]);
    });

    it('remembers numbers', async () => {
      expect(await store.mark('x')).toBeNull();
      await store.setMark('x', 5);
      await store.setMark('x', DAY);
      await reopen();
      expect(await store.mark('x')).toBe(DAY);
      expect(await store.mark('y')).toBeNull();
    });

    it('removes what is old, and nothing else', async () => {
      const sizeBytes = await store.sizeBytes();
      expect(sizeBytes).toBeGreaterThan(5_000);
      for (const what of ['raw', 'minute', 'frame', 'quarter', 'day'] as const) await store.prune(what, DAY);
      for (const tier of ['raw', 'minute', 'quarter', 'day'] as const) {
        expect(await store.oldestMs(tier)).toBe(DAY);
        expect(await store.readChunks(tier, 'a', 0, DAY)).toEqual([]);
        expect(await store.readChunks(tier, 'a', DAY, DAY + 1)).toHaveLength(1);
      }
      expect(await store.readFrame(DAY - HALF_HOUR_MS)).toBeNull();
      expect(await store.readFrame(DAY)).not.toBeNull();
      expect((await store.snapshotsBetween(0, 2 * DAY)).map(({ node }) => node)).toEqual(['a', 'a']);
      await store.prune('event', DAY + 3);
      expect(await store.readEvents(null, 0, 2 * DAY, 9)).toHaveLength(2);
      // A day that was removed can be written again.
      await store.writeChunks('raw', DAY - HALF_HOUR_MS, [['a', all(1)]]);
      expect(await store.oldestMs('raw')).toBe(DAY - HALF_HOUR_MS);
    });
  });

  it(`an engine goes on where it was, on ${name}`, async () => {
    const place = await begin();
    const clock = { ms: DAY };
    const nowMs = () => clock.ms;
    const open = async () => createEngine({ store: await place.open(), nowMs });
    const value = (at: number) => (at * 13) % 97;
    const count = (3 * 3_600_000) / 10_000;
    let engine = await open();
    const pointsOf = (at: number) => {
      const cpu = value(at);
      const atMs = DAY + at * 10_000;
      return [
        pointOf('a', atMs, { cpu, gpus: new Map([[0, cpu]]), jobs: new Map([['slurm:1', 2 ** 30]]) }),
        pointOf('b', atMs, { cpu: null, gpus: new Map(), jobs: new Map() }),
      ];
    };
    for (let from = 0; from < count; from += 10) {
      clock.ms = DAY + from * 10_000;
      await engine.append(Array.from({ length: 10 }, (_, at) => pointsOf(from + at)).flat());
      expect(engine.problem()).toBeNull();
      await engine.work();
      if (from % 200 !== 150) continue;
      await engine.close();
      engine = await open();
    }
    const asked = {
      node: 'a',
      fromMs: DAY,
      toMs: DAY + count * 10_000,
      stepMs: 10_000,
      isWanted: () => true,
    };
    const { bins } = await engine.range(asked);
    const lines = [...bins.lines.values()];
    const cpu = lines.find(({ group, figure }) => group === 'machine' && figure === 0);
    expect(cpu && valuesOf(cpu).mean).toEqual(Array.from({ length: count }, (_, at) => value(at)));
    const { tier } = await engine.range({ ...asked, stepMs: 60_000 });
    expect(tier.name).toBe('minute');
    expect((await engine.frame(DAY + 60_000)).map(({ name: node }) => node)).toEqual(['a', 'b']);
    expect(await engine.sinceMs()).toBe(DAY);
    expect(engine.damages()).toEqual([]);
    await engine.close();
    await place.remove();
  });
}
