import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type EventReader, type ReadEvent, readEvents } from '../../test/support/event-reader.ts';
import {
  createFakeCluster,
  type FakeCluster,
  fakeGpu,
  fakeJob,
  fakeNode,
  unreachable,
} from '../../test/support/fake-cluster.ts';
import { compileOwnDesign } from '../../test/support/read-design.ts';
import { compileDesign } from '../design/compile.ts';
import type { WebDependencies } from './dependencies.ts';
import { createLiveFeed, type LiveFeed, type LiveFeedOptions } from './live-feed.ts';
import type { Change, NodeChange } from './live-message.ts';

interface Message {
  page?: Change;
  order?: number[];
  nodes: NodeChange[];
}

let templates = compileOwnDesign();
let cluster: FakeCluster;
let feed: LiveFeed;
const readers: EventReader[] = [];

function start(options: LiveFeedOptions = {}, change: Partial<WebDependencies> = {}): void {
  cluster = createFakeCluster([fakeNode('a'), fakeNode('b')], change);
  feed = createLiveFeed(
    Object.assign(cluster, { templates: () => templates }),
    () => () => undefined,
    options,
  );
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  templates = compileOwnDesign();
});

afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.cancel();
  expect(feed.viewerCount).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
  feed.close();
  expect(cluster.subscribers).toBe(0);
  vi.useRealTimers();
});

const versionOf = (html: string | null) => /data-live-version="([^"]+)"/.exec(html ?? '')?.[1] ?? '';
const idOf = (html: string | null, name: string) =>
  Number(
    new RegExp(`data-live-node="(\\d+)"[^>]*data-live="class id"[^>]* id="${name}"`).exec(html ?? '')?.[1],
  );

function watch(since: string | null, only: string | null = null): EventReader {
  const stream = feed.open(since, only);
  if (!stream) throw new Error('too many viewers');
  const reader = readEvents(stream);
  readers.push(reader);
  return reader;
}

const read = async (reader: EventReader): Promise<Message & { id: string | null }> => {
  const event: ReadEvent = await reader.next();
  expect(event.event).toBe('message');
  return { id: event.id, ...(JSON.parse(event.data) as Message) };
};

/** Opens a page and the stream that continues it; swallows the first message, which repeats the ages only. */
async function openPage(only: string | null = null) {
  const html = feed.renderPage(only);
  const reader = watch(versionOf(html), only);
  const first = await read(reader);
  expect(first.nodes.every((node) => !node.parts && !node.set && !node.all)).toBe(true);
  expect(first.order).toBeUndefined();
  expect(first.page).toBeUndefined();
  return { html, reader };
}

const busier = (name: string, celsius: number) =>
  fakeNode(name, { sampleAgeMs: 40 }, { gpus: [fakeGpu(0, { temperatureCelsius: celsius }), fakeGpu(1)] });
const later = () => vi.advanceTimersByTime(100);

describe('while somebody looks', () => {
  test('only the values that changed travel', async () => {
    start();
    cluster.set(busier('a', 50));
    const { html, reader } = await openPage();
    cluster.set(busier('a', 51));
    later();
    const message = await read(reader);
    expect(message.nodes).toHaveLength(1);
    expect(message.nodes[0]).toMatchObject({
      id: idOf(html, 'a'),
      age: 40,
      set: [expect.any(Number), '51 °C'],
    });
    expect(message.nodes[0]?.set).toHaveLength(2);
    expect(message.page).toBeUndefined();
  });

  test('changes within 100 ms travel together, the last one wins', async () => {
    start();
    cluster.set(busier('a', 50));
    const { reader } = await openPage();
    cluster.set(busier('a', 60));
    vi.advanceTimersByTime(99);
    cluster.set(busier('a', 70));
    later();
    expect((await read(reader)).nodes[0]?.set).toContain('70 °C');
  });

  test('a fresh sample without other figures still tells its age', async () => {
    start();
    const { html, reader } = await openPage();
    cluster.set(fakeNode('b', { sampleAgeMs: 5 }));
    later();
    expect((await read(reader)).nodes).toEqual([{ id: idOf(html, 'b'), age: 5 }]);
  });

  test('other rows replace the parts of that node only', async () => {
    start();
    const { reader } = await openPage();
    cluster.set(fakeNode('a', {}, { gpuProcesses: [fakeJob(1, 0), fakeJob(2, 0)] }));
    later();
    const [change, ...others] = (await read(reader)).nodes;
    expect(others).toEqual([]);
    expect(change?.parts?.join('')).toContain('>2 (alice)<');
    expect(change?.parts?.join('')).not.toContain('\u0001');
  });

  test('a node that goes away changes its state and the counts', async () => {
    start();
    const { reader } = await openPage();
    cluster.set(unreachable(fakeNode('a')));
    later();
    const message = await read(reader);
    expect(message.nodes[0]?.parts?.join('')).toContain('refused');
    expect(message.page?.all ?? message.page?.set).toContain('1');
  });

  test('nodes that come and go, in the order of the list', async () => {
    start();
    const { html, reader } = await openPage();
    cluster.set(fakeNode('c'));
    later();
    const added = await read(reader);
    const [a, b] = [idOf(html, 'a'), idOf(html, 'b')];
    const c = added.nodes[0]?.id;
    expect(added.nodes[0]?.parts?.join('')).toContain('id="c"');
    expect(added.order).toEqual([a, b, c]);
    cluster.remove('a');
    later();
    expect(await read(reader)).toMatchObject({ nodes: [], order: [b, c] });
    cluster.set(fakeNode('a'));
    later();
    const back = await read(reader);
    expect(back.order).toEqual([b, c, a]);
    expect(back.nodes[0]).toMatchObject({ id: a, parts: expect.any(Array) });
  });

  test('one rendering serves all viewers', async () => {
    start();
    const { reader } = await openPage();
    const { reader: second } = await openPage();
    const node = vi.spyOn(cluster, 'node');
    cluster.set(busier('a', 77));
    later();
    expect(await read(reader)).toEqual(await read(second));
    expect(node).toHaveBeenCalledTimes(1);
  });

  test('a viewer of one node hears of no other', async () => {
    start();
    const { html, reader } = await openPage('b');
    expect(html).not.toContain('id="a"');
    cluster.set(busier('a', 77));
    cluster.set(fakeNode('b', { sampleAgeMs: 9 }));
    later();
    expect((await read(reader)).nodes).toEqual([{ id: idOf(html, 'b'), age: 9 }]);
    cluster.remove('b');
    later();
    expect((await read(reader)).order).toEqual([]);
  });

  test('a new sentence about the head shows up by itself', async () => {
    start({ keepaliveMs: 1000 });
    const { reader } = await openPage();
    cluster.problemList = ['broken line'];
    vi.advanceTimersByTime(1100);
    expect((await reader.next()).event).toBe('ping');
    const { page } = await read(reader);
    expect(page?.parts?.join('')).toContain('broken line');
    expect(page?.all).toContain('broken line');
  });
});

describe('nobody looks', () => {
  test('nothing is rendered and no timer runs', () => {
    start();
    feed.renderPage(null);
    const node = vi.spyOn(cluster, 'node');
    cluster.set(busier('a', 77));
    later();
    expect(node).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
    expect(feed.renderPage(null)).toContain('77 °C');
  });

  test('the next page is up to date, ages included', () => {
    start();
    feed.renderPage(null);
    cluster.set(fakeNode('a', { sampleAgeMs: 95_000 }));
    expect(feed.renderPage(null)).toContain('95 s ago');
  });
});

describe('catching up', () => {
  test('after a cut comes what changed since, once', async () => {
    start();
    const html = feed.renderPage(null);
    cluster.set(busier('a', 88));
    cluster.set(fakeNode('c'));
    const reader = watch(versionOf(html));
    const message = await read(reader);
    expect(message.nodes.find(({ id }) => id === idOf(html, 'a'))?.all).toContain('88 °C');
    expect(message.nodes.find(({ id }) => id === idOf(html, 'b'))).not.toHaveProperty('all');
    expect(message.nodes.find(({ parts }) => parts)?.parts?.join('')).toContain('id="c"');
    expect(message.order).toHaveLength(3);
    const again = await read(watch(message.id));
    expect(again.nodes.some((node) => node.all ?? node.parts ?? node.set)).toBe(false);
    expect(again.order).toBeUndefined();
  });

  test('rows that changed while away come as parts', async () => {
    start();
    const html = feed.renderPage(null);
    cluster.set(fakeNode('a', {}, { gpuProcesses: [] }));
    feed.renderPage(null);
    cluster.set(busier('a', 66));
    const message = await read(watch(versionOf(html)));
    expect(message.nodes.find(({ id }) => id === idOf(html, 'a'))?.parts?.join('')).toContain('66 °C');
  });

  test('a page of another head, of the future or of nothing reloads', async () => {
    start();
    const version = versionOf(feed.renderPage(null));
    for (const since of [null, '', 'other.1', `${version}9`, 'x', `${version.split('.')[0]}.NaN`]) {
      expect((await watch(since).next()).event, String(since)).toBe('reload');
    }
  });

  test('pages of one node reopen without end', async () => {
    start();
    for (let round = 0; round < 3; round += 1) {
      const html = feed.renderPage('b');
      cluster.set(busier('a', 50 + round));
      feed.renderPage(null);
      const message = await read(watch(versionOf(html), 'b'));
      expect(message.nodes.map(({ id }) => id)).toEqual([idOf(html, 'b')]);
    }
  });
});

describe('a changed design', () => {
  test('reloads all pages', async () => {
    start();
    const { reader } = await openPage();
    templates = compileDesign(
      '<!doctype html><title>new</title><p data-each="node in nodes" data-text="node.name"></p>',
      'd',
    );
    cluster.set(fakeNode('a'));
    later();
    expect((await reader.next()).event).toBe('reload');
    await expect(reader.next()).rejects.toThrow('ended');
    expect(feed.renderPage(null)).toContain('<title>new</title>');
  });

  test('that cannot be shown leaves the last good one', () => {
    start();
    templates = compileDesign(
      '<!doctype html><title data-text="page.no.such">x</title><p data-each="node in nodes"></p>',
      'd',
    );
    expect(feed.renderPage(null)).toContain('id="a"');
  });
});

describe('bounds', () => {
  test('a slow viewer is skipped, then caught up with one message', async () => {
    start({ backlogBytes: 3000 });
    const html = feed.renderPage(null);
    const slow = watch(versionOf(html));
    for (let celsius = 100; celsius < 220; celsius += 1) {
      cluster.set(busier('a', celsius));
      later();
    }
    const heard: string[] = [];
    for (;;) {
      const message = await read(slow);
      const values = JSON.stringify(message.nodes);
      heard.push(values);
      if (values.includes('219 °C')) break;
    }
    expect(heard.length).toBeLessThan(100);
    expect(heard.at(-1)).toContain('"all"');
  });

  test('no more than so many viewers', async () => {
    start({ maxViewers: 2 });
    const version = versionOf(feed.renderPage(null));
    watch(version);
    watch(version);
    expect(feed.open(version, null)).toBeNull();
    await readers.pop()?.cancel();
    watch(version);
  });

  test('closing ends all streams', async () => {
    start();
    const { reader } = await openPage();
    feed.close();
    await expect(reader.next()).rejects.toThrow('ended');
  });
});
