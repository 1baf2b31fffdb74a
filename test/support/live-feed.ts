import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { CompiledTemplates } from '../../src/lib/compiled-templates.ts';
import { allNodes, requestOf } from '../../src/render/page-request.ts';
import { createLiveFeed, type LiveFeed, type LiveFeedOptions } from '../../src/web/live/feed.ts';
import type { Change } from '../../src/web/live/message.ts';
import { type EventReader, readEvents } from './event-reader.ts';
import { createFakeCluster, type FakeChange, type FakeCluster, fakeGpu, fakeNode } from './fake-cluster.ts';
import { compileOwnDesign } from './read-design.ts';

/** A live feed of two made-up nodes, and browsers of it without a browser; time is faked. */

export interface Message {
  id: string | null;
  rows: (Change & { id: number; part: number; age: number | null })[];
  pages: (Change & { key: string; orders?: Record<string, (number | string)[]>; names?: object })[];
  topics: { topic: string; value: unknown }[];
}

let templates = compileOwnDesign();
export let cluster: FakeCluster;
export let feed: LiveFeed;
/** Who looks at what, as the feed tells it. */
export let looked: (string | null)[] = [];
export const readers: EventReader[] = [];

export function start(options: LiveFeedOptions = {}, change: FakeChange = {}): void {
  cluster = createFakeCluster([fakeNode('a'), fakeNode('b')], change);
  looked = [];
  const look = (node: string | null) => {
    looked.push(node);
    return () => looked.splice(looked.indexOf(node), 1);
  };
  feed = createLiveFeed(Object.assign(cluster, { templates: () => templates }), look, options);
}

/** The design that is served from now on. */
export function useDesign(design: CompiledTemplates): void {
  templates = design;
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  });
  vi.advanceTimersByTime(10_000);
  templates = compileOwnDesign();
});

afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.cancel();
  expect(feed.viewerCount).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
  expect(looked).toEqual([]);
  feed.close();
  expect(cluster.subscribers).toBe(0);
  vi.useRealTimers();
});

export const render = (path: string) => feed.renderPage(requestOf(path) ?? allNodes) ?? '';

/** What a browser reads off a page. */
export function readPage(html: string) {
  const attribute = (name: string) =>
    (new RegExp(`data-live-${name}="([^"]*)"`).exec(html)?.[1] ?? '').replaceAll('&amp;', '&');
  const [epoch = '', version = ''] = attribute('version').split('.');
  const rows = [...html.matchAll(/data-live-row="(\d+)" data-live-part="(\d+)"/g)].map(
    ([, id, part]) => `${part}:${id}`,
  );
  const [key, outer] = [attribute('key'), attribute('outer')];
  return { html, epoch, version: Number(version), rows, key, outer };
}
export type ReadPage = ReturnType<typeof readPage>;

/** The number of a node's section. */
export const idOf = ({ html }: Pick<ReadPage, 'html'>, name: string) =>
  Number(new RegExp(`data-live-row="(\\d+)" data-live-part="1"[^>]* id="${name}"`).exec(html)?.[1]);

export async function connect(): Promise<{ reader: EventReader; stream: string }> {
  const stream = feed.open(null);
  if (!stream) throw new Error('too many viewers');
  const reader = readEvents(stream);
  readers.push(reader);
  const opening = await reader.next();
  expect(opening.event).toBe('stream');
  return { reader, stream: opening.data };
}

export interface Sight {
  since?: number;
  rows?: string[];
  topics?: string[];
}

/** Says what of a page is in sight: all of it, unless given. */
export function say(
  stream: string,
  page: ReadPage,
  { since = page.version, rows = page.rows, topics = [] }: Sight = {},
) {
  const written = rows.map((key) => [since, ...key.split(':')] as [number, string, string]);
  return feed.subscribe(
    stream,
    JSON.stringify({
      epoch: page.epoch,
      rows: written.map(([version, part, id]) => [version, Number(part), id]),
      pages: [[since, page.key, page.outer]],
      topics: topics.map((topic) => [0, topic]),
    }),
  );
}

export async function read(reader: EventReader): Promise<Message> {
  let event = await reader.next();
  while (event.event === 'ping') event = await reader.next();
  expect(event.event).toBe('message');
  return { id: event.id, ...JSON.parse(event.data) };
}

/** All messages of a stream that has ended. */
export async function readAll(reader: EventReader): Promise<Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const event = await reader.next().catch(() => null);
    if (event === null) return messages;
    if (event.event === 'message') messages.push({ id: event.id, ...JSON.parse(event.data) });
  }
}

/** Opens a page and the stream that continues it. */
export async function openPage(path = '/', sight: Sight = {}) {
  const page = readPage(render(path));
  const { reader, stream } = await connect();
  expect(say(stream, page, sight)).toBe(true);
  return { ...page, reader, stream };
}

export const busier = (name: string, celsius: number) =>
  fakeNode(name, { sampleAgeMs: 40 }, { gpus: [fakeGpu(0, { temperatureCelsius: celsius }), fakeGpu(1)] });
export const later = (ms = 1_100) => vi.advanceTimersByTime(ms);
export const sectionsOf = (message: Message) => message.rows.filter(({ part }) => part === 1);
