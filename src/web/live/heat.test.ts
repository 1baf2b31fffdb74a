import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  createFakeCluster,
  type FakeCluster,
  fakeGpu,
  fakeNode,
  unreachable,
} from '../../../test/support/fake-cluster.ts';
import { randomCluster } from '../../../test/support/random-cluster.ts';
import { HEAT_LEVELS, heatMetrics } from '../../render/heat.ts';
import type { NodeReport } from '../../report/node-report.ts';
import { createTopics } from './topics.ts';

/** The heat map's topics, with a clock of the test's own. */
function start(nodes: NodeReport[]) {
  const fake: FakeCluster = createFakeCluster(nodes);
  const { cluster } = fake;
  const topics = createTopics(cluster);
  let nowMs = 0;
  let version = 1;
  /** The values that somebody hears a second later who has all that came before. */
  function hear(...wanted: string[]): Record<string, { version: number; [key: string]: unknown }> {
    nowMs += 1_000;
    version += 1;
    cluster.refreshAll(nowMs);
    topics.update(wanted, version, nowMs);
    const heard = wanted.flatMap((topic) => topics.changeJson(topic, version - 1) ?? []);
    return Object.fromEntries(
      heard.map((json) => JSON.parse(json)).map(({ topic, value }) => [topic, value]),
    );
  }
  return { fake, topics, hear, refresh: () => cluster.refreshAll(nowMs + 1_000), atMs: () => nowMs };
}

const at = (name: string, utilizationPercent: number | null) =>
  fakeNode(name, {}, { gpus: [fakeGpu(0, { utilizationPercent })], gpuProcesses: [] });

describe('the heat map, live', () => {
  test('tells where the cells are, and a character for each', () => {
    const { hear } = start([at('a', 100), fakeNode('none', {}, { gpus: [] }), at('b', 0), at('c', null)]);
    const heard = hear('heat layout', 'heat utilization');
    expect(heard['heat layout']).toEqual({
      topic: 'heat layout',
      of: 'gpus',
      version: 1,
      nodes: [
        ['a', 'live', 1],
        ['b', 'live', 1],
        ['c', 'live', 1],
      ],
    });
    expect(heard['heat utilization']).toEqual({
      topic: 'heat utilization',
      version: 1,
      levels: `${HEAT_LEVELS.at(-1)}${HEAT_LEVELS[0]}.`,
      uses: 'bff',
    });
  });

  test('tells only what changed, and the layout only with its places', () => {
    const { fake, hear } = start([at('a', 100), at('b', 0)]);
    const both = ['heat layout', 'heat utilization'];
    expect(Object.keys(hear(...both))).toEqual(both);
    expect(hear(...both)).toEqual({});
    fake.set(at('a', 100));
    expect(hear(...both)).toEqual({});
    fake.set(at('a', 3));
    expect(hear(...both)).toMatchObject({ 'heat utilization': { version: 1, uses: 'ff' } });
    fake.set(unreachable(at('b', 0)));
    const heard = hear(...both);
    expect(heard['heat layout']).toMatchObject({
      version: 2,
      nodes: [
        ['a', 'live', 1],
        ['b', 'unreachable', 1],
      ],
    });
    expect(heard['heat utilization']).toMatchObject({ version: 2, levels: '2.', uses: 'fx' });
    fake.remove('a');
    expect(hear(...both)['heat utilization']).toMatchObject({ version: 3, levels: '.', uses: 'x' });
  });

  test('says that there is news before a second is over, until it is told', () => {
    const { fake, topics, hear, refresh, atMs } = start([at('a', 100)]);
    const one = ['heat utilization'];
    hear(...one);
    expect(topics.arePending(one, atMs())).toBe(false);
    fake.set(at('a', 3));
    refresh();
    expect(topics.arePending(one, atMs() + 1)).toBe(true);
    expect(topics.arePending(['nonsense'], atMs() + 1)).toBe(false);
    expect(Object.keys(hear(...one))).toEqual(one);
    expect(topics.arePending(one, atMs() + 1)).toBe(false);
  });

  test('names instances that do not count up from 0', () => {
    const instance = (index: number) => fakeGpu(index, { parentIndex: 0, migInstance: String(index) });
    const gpus = [fakeGpu(0, { migEnabled: true }), instance(5), instance(6)];
    const { hear } = start([fakeNode('a', {}, { gpus })]);
    expect(hear('heat layout')['heat layout']).toMatchObject({ nodes: [['a', 'live', ['0:5', '0:6']]] });
  });

  test('power without a limit is a share of the highest that was seen of its model', () => {
    const drawing = (name: string, powerWatts: number, model = 'Orin') =>
      fakeNode(name, {}, { gpus: [fakeGpu(0, { name: model, powerLimitWatts: null, powerWatts })] });
    const { fake, hear } = start([drawing('a', 10), drawing('b', 20), drawing('c', 900, 'other')]);
    const levels = () => String(hear('heat power')['heat power']?.levels);
    const half = HEAT_LEVELS.charAt(32);
    const full = HEAT_LEVELS.charAt(63);
    expect(levels()).toBe(half + full + full);
    fake.set(drawing('a', 40));
    expect(levels()).toBe(full + half + full);
    fake.set(drawing('a', 20));
    expect(levels()).toBe(half + half + full);
  });

  test('needs all nodes for its figures, and none to hurry for its places', () => {
    const { topics, hear } = start([at('a', 1)]);
    expect(heatMetrics.map((metric) => topics.nodeOf(`heat ${metric}`))).toEqual(heatMetrics.map(() => null));
    expect(topics.nodeOf('heat layout')).toBeUndefined();
    expect(topics.nodeOf('recent a b')).toBe('a b');
    for (const rubbish of ['', 'heat', 'heat toString', 'toString', 'constructor x']) {
      expect(topics.nodeOf(rubbish)).toBeUndefined();
      expect(hear(rubbish)).toEqual({});
    }
    expect(hear('recent nobody')).toEqual({});
  });

  test('of 8,000 GPUs stays small', () => {
    const size = { nodes: 1_000, gpusPerNode: 8, processesPerNode: 4 };
    const { fake, hear } = start(randomCluster({ ...size, seed: 1 }));
    const topicNames = ['heat layout', 'heat temperature'];
    const first = hear(...topicNames);
    expect(String(first['heat temperature']?.levels).length).toBeGreaterThan(7_500);
    for (const node of randomCluster({ ...size, seed: 2 })) fake.set(node);
    const second = hear(...topicNames);
    const bytes = (value: unknown) => gzipSync(JSON.stringify(value)).length;
    const layoutBytes = bytes(first['heat layout']);
    const figuresBytes = bytes(second['heat temperature']);
    console.log(`8,000 GPUs, gzipped: layout ${layoutBytes} bytes, figures ${figuresBytes} bytes`);
    expect(layoutBytes).toBeLessThan(16_000);
    expect(figuresBytes).toBeLessThan(12_000);
  });
});
