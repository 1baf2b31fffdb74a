import { afterEach, describe, expect, test, vi } from 'vitest';
import { readEvents } from '../../../test/support/event-reader.ts';
import { createFakeCluster, type FakeCluster, fakeNode } from '../../../test/support/fake-cluster.ts';
import { compileOwnDesign } from '../../../test/support/read-design.ts';
import { createPageRenderer } from '../../render/page.ts';
import { requestOf } from '../../render/page-request.ts';
import { createLiveFeed, type LiveFeed } from './feed.ts';
import { pageShares } from './page-shares.ts';
import { createPages } from './pages.ts';
import { createRows } from './rows.ts';

/** Whatever viewers ask for: pages take their share of the head's time, and no more. */

const templates = compileOwnDesign();
const names = Array.from({ length: 300 }, (_, at) => `n${at}`);
let feed: LiveFeed | null = null;

const manyNodes = (): FakeCluster => createFakeCluster(names.map((name) => fakeNode(name)));

afterEach(() => feed?.close());

/** Loads the pages and says that it has nothing of them. */
async function subscribe(paths: readonly string[], liveFeed: LiveFeed) {
  let epoch = '';
  const pages = paths.map((path) => {
    const html = liveFeed.renderPage(requestOf(path) ?? neverAsked()) ?? '';
    const attribute = (name: string) =>
      new RegExp(`data-live-${name}="([^"]*)"`).exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    epoch = attribute('version').split('.')[0] ?? '';
    return [0, attribute('key'), attribute('outer')];
  });
  const stream = liveFeed.open(null);
  if (!stream) throw new Error('no stream');
  const reader = readEvents(stream);
  const { data } = await reader.next();
  const taken = liveFeed.subscribe(data, JSON.stringify({ epoch, rows: [], pages, topics: [] }));
  return { reader, taken };
}

describe('many searches in one subscription', () => {
  test('take a share of the time, and all get their turn', () => {
    const cluster = manyNodes();
    const known = cluster.cluster;
    known.refreshAll(0);
    // Each page takes 30 ms of a clock that nothing else moves.
    let nowMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const renderer = createPageRenderer(templates);
    let renderings = 0;
    const slow = {
      ...renderer,
      renderPage(input: Parameters<typeof renderer.renderPage>[0]) {
        nowMs += 30;
        renderings += 1;
        return renderer.renderPage(input);
      },
    };
    const pages = createPages(slow, known, createRows(renderer, known), cluster);
    const paths = Array.from({ length: 50 }, (_, at) => `/?q=n${at}`);
    while (nowMs < 20_000) {
      nowMs += 100;
      cluster.set(fakeNode('n1'));
      known.refreshAll(nowMs);
      pages.update(new Map(paths.map((path) => [path, 50])), known.generation, nowMs);
    }
    clock.mockRestore();
    // Without a rest they would take all of the time.
    expect(renderings * 30).toBeLessThan(20_000 * 0.3);
    for (const path of paths) expect(pages.changeJson(path, 0)).not.toBeNull();
  });

  test('of one viewer hold up no other one', () => {
    const cluster = manyNodes();
    const known = cluster.cluster;
    known.refreshAll(0);
    let nowMs = 0;
    let made = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const renderer = createPageRenderer(templates);
    const slow = {
      ...renderer,
      renderPage(input: Parameters<typeof renderer.renderPage>[0]) {
        nowMs += 30;
        if (input.page.query === 'n1') made += 1;
        return renderer.renderPage(input);
      },
    };
    const pages = createPages(slow, known, createRows(renderer, known), cluster);
    const many = { client: '192.0.2.1', pages: new Map<string, number>() };
    const one = { client: '192.0.2.2', pages: new Map([['/?q=n1', 0]]) };
    let version = 1;
    for (let round = 0; nowMs < 20_000; round += 1) {
      nowMs += 100;
      // Asks for new ones all the time.
      for (let at = 0; at < 5; at += 1) many.pages.set(`/?q=x${round}y${at}`, 0);
      cluster.set(fakeNode('n1'));
      known.refreshAll(nowMs);
      pages.update(pageShares([many, one]), version + 1, nowMs);
      version += 1;
    }
    clock.mockRestore();
    expect(made).toBeGreaterThan(10);
    expect(pages.changeJson('/?q=x0y0', 0)).not.toBeNull();
  });

  test('more than a browser has tabs are refused', async () => {
    const cluster = manyNodes();
    feed = createLiveFeed(Object.assign(cluster, { templates: () => templates }), () => () => undefined);
    const { reader, taken } = await subscribe(
      Array.from({ length: 25 }, (_, at) => `/?q=a${at}`),
      feed,
    );
    expect(taken).toBeNull();
    await reader.cancel();
  });
});

test('pages that were loaded once are not kept for ever', () => {
  const cluster = manyNodes();
  const known = cluster.cluster;
  known.refreshAll(0);
  const renderer = createPageRenderer(templates);
  const pages = createPages(renderer, known, createRows(renderer, known), cluster);
  const load = (path: string) => pages.html(requestOf(path) ?? neverAsked(), 1, 0, 'x.1');
  pages.update(new Map([['/?q=followed', 1]]), 1, 0);
  for (let at = 0; at < 100; at += 1) load(`/?q=n${at}`);
  expect(pages.count).toBe(33);
  expect(pages.changeJson('/?q=followed', 0)).not.toBeNull();
  expect(pages.changeJson('/?q=n99', 0)).not.toBeNull();
  expect(pages.changeJson('/?q=n0', 0)).toBeNull();
});

function neverAsked(): never {
  throw new Error('that is no page');
}

test('one address is one viewer, and behind the loopback each stream is', () => {
  const asking = (client: string | null, ...paths: string[]) => ({
    client,
    pages: new Map(paths.map((path) => [path, 0])),
  });
  const shares = pageShares([
    asking('192.0.2.1', '/', '/gpus'),
    asking('192.0.2.1', '/', '/jobs'),
    asking('127.0.0.1', '/users', '/?q=a'),
    asking('127.0.0.1', '/users'),
    asking(null, '/'),
  ]);
  expect(Object.fromEntries(shares)).toEqual({ '/': 1, '/gpus': 3, '/jobs': 3, '/users': 1, '/?q=a': 2 });
});
