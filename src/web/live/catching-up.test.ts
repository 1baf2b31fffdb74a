import { describe, expect, test } from 'vitest';
import { fakeNode, unreachable } from '../../../test/support/fake-cluster.ts';
import {
  busier,
  cluster,
  connect,
  feed,
  idOf,
  later,
  openPage,
  read,
  readers,
  readPage,
  render,
  say,
  start,
  useDesign,
} from '../../../test/support/live-feed.ts';
import { compileDesign } from '../../design/compile.ts';

describe('catching up', () => {
  test('after a cut comes what changed since, once', async () => {
    start();
    const page = readPage(render('/'));
    later();
    cluster.set(busier('a', 88));
    const { reader, stream } = await connect();
    say(stream, page);
    const message = await read(reader);
    expect(message.rows.find(({ id, part }) => id === idOf(page, 'a') && part === 1)?.set).toContain('88 °C');
    expect(message.rows.find(({ id }) => id === idOf(page, 'b'))).toBeUndefined();
    const again = await connect();
    say(again.stream, page, { since: Number(message.id?.split('.')[1]) });
    cluster.set(busier('a', 89));
    later();
    expect((await read(again.reader)).rows[0]?.set).toContain('89 °C');
  });

  test('rows that changed while away come as a whole, values that changed twice all', async () => {
    start();
    const page = readPage(render('/'));
    const open = await openPage();
    for (const celsius of [66, 67]) {
      cluster.set(busier('a', celsius));
      later();
    }
    cluster.set(fakeNode('b', {}, { gpuProcesses: [] }));
    later();
    const { reader, stream } = await connect();
    say(stream, page);
    const { rows } = await read(reader);
    const changeOf = (name: string) => rows.find(({ id, part }) => id === idOf(page, name) && part === 1);
    expect(changeOf('a')?.all).toContain('67 °C');
    expect(changeOf('b')?.html).toContain('no process');
    await open.reader.cancel();
  });

  test('a page of another head or design reloads', async () => {
    start();
    const page = readPage(render('/'));
    const { reader, stream } = await connect();
    say(stream, { ...page, epoch: 'other' });
    expect((await reader.next()).event).toBe('reload');
  });

  test('a page whose loops are shown on another condition reloads', async () => {
    start();
    useDesign(
      compileDesign(
        '<!doctype html><title>x</title><div data-if="page.liveNodes"><p data-each="node in nodes" data-text="node.name"></p></div>',
        'd',
      ),
    );
    const { reader } = await openPage();
    later(2_500);
    expect(feed.viewerCount).toBe(1);
    cluster.set(unreachable(fakeNode('a')));
    cluster.set(unreachable(fakeNode('b')));
    later(2_500);
    for (;;) if ((await reader.next()).event === 'reload') break;
  });

  test('rubbish and strangers are refused', async () => {
    start();
    const { stream } = await connect();
    const valid = { epoch: 'x', rows: [[1, 0, '1-4']], pages: [], topics: [] };
    for (const body of ['', 'x', '{}', '[]', JSON.stringify({ ...valid, rows: [[1, 0, '4-1']] })])
      expect(feed.subscribe(stream, body), body).toBeNull();
    for (const ranges of ['1-999999', '1,', 'a', '-1', '1-2-3'])
      expect(feed.subscribe(stream, JSON.stringify({ ...valid, rows: [[1, 0, ranges]] })), ranges).toBeNull();
    expect(feed.subscribe('nobody', JSON.stringify(valid))).toBe(false);
  });

  test('rows, pages and topics that do not exist say nothing', async () => {
    start();
    const page = await openPage('/', { rows: ['0:99999', '77:1', '2:1'], topics: ['recent x', 'nonsense'] });
    cluster.set(busier('a', 51));
    later();
    expect(say(page.stream, { ...page, key: 'http://[', rows: [] })).toBe(true);
    expect(feed.viewerCount).toBe(1);
  });
});

describe('bounds', () => {
  test('a slow viewer is skipped, then caught up with one message', async () => {
    start({ backlogBytes: 3000 });
    const slow = await openPage();
    for (let celsius = 100; celsius < 220; celsius += 1) {
      cluster.set(busier('a', celsius));
      later(1_000);
    }
    const heard: string[] = [];
    for (;;) {
      const values = JSON.stringify((await read(slow.reader)).rows);
      heard.push(values);
      if (values.includes('219 °C')) break;
    }
    expect(heard.length).toBeLessThan(100);
    expect(heard.at(-1)).toContain('"all"');
  });

  test('no more than so many viewers', async () => {
    start({ streams: { total: 2, perClient: 2 } });
    await connect();
    await connect();
    expect(feed.open(null)).toBeNull();
    await readers.pop()?.cancel();
    await connect();
  });

  test('closing ends all streams', async () => {
    start();
    const { reader } = await openPage();
    feed.close();
    await expect(reader.next()).rejects.toThrow('ended');
  });
});
