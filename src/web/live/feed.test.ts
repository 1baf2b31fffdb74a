import { describe, expect, test, vi } from 'vitest';
import { fakeJob, fakeNode, unreachable } from '../../../test/support/fake-cluster.ts';
import {
  busier,
  cluster,
  feed,
  idOf,
  later,
  looked,
  openPage,
  read,
  readAll,
  readPage,
  render,
  say,
  sectionsOf,
  start,
  useDesign,
} from '../../../test/support/live-feed.ts';
import { otherViews } from '../../../test/support/read-design.ts';
import { compileDesign } from '../../design/compile.ts';

describe('while somebody looks', () => {
  test('only the values that changed travel', async () => {
    start();
    cluster.set(busier('a', 50));
    const page = await openPage();
    cluster.set(busier('a', 51));
    later();
    const message = await read(page.reader);
    expect(message.rows).toMatchObject([
      { id: idOf(page, 'a'), part: 1, age: expect.any(Number), set: [expect.any(Number), '51 °C'] },
    ]);
    expect(message.rows[0]?.set).toHaveLength(2);
    expect(message.rows[0]?.age).toBeLessThan(1_200);
    expect(message.pages).toEqual([]);
  });

  test('a row changes once a second at most, the last value wins', async () => {
    start();
    cluster.set(busier('a', 50));
    const { reader } = await openPage();
    later();
    cluster.set(busier('a', 60));
    later(100);
    expect((await read(reader)).rows[0]?.set).toContain('60 °C');
    for (const celsius of [61, 62, 63]) {
      cluster.set(busier('a', celsius));
      later(250);
    }
    const node = vi.spyOn(cluster, 'report');
    later(250);
    expect((await read(reader)).rows[0]?.set).toContain('63 °C');
    expect(node).toHaveBeenCalledTimes(1);
  });

  test('a fresh sample without other figures still tells its age', async () => {
    start();
    const page = await openPage();
    cluster.set(fakeNode('b', { sampleAgeMs: 5 }));
    later();
    const { rows } = await read(page.reader);
    expect(rows).toMatchObject([{ id: idOf(page, 'b'), part: 1, set: [] }]);
    expect(rows[0]?.age).toBeLessThan(200);
  });

  test('other rows replace that node only', async () => {
    start();
    const { reader } = await openPage();
    cluster.set(fakeNode('a', {}, { gpuProcesses: [fakeJob(1, 0), fakeJob(2, 0)] }));
    later();
    const [change, ...others] = sectionsOf(await read(reader));
    expect(others).toEqual([]);
    expect(change?.html).toContain('>2 (alice)<');
    expect(change?.html).not.toContain('\u0001');
  });

  test('a node that goes away changes its state and the counts', async () => {
    start();
    const { reader } = await openPage();
    cluster.set(unreachable(fakeNode('a')));
    later();
    const messages = [await read(reader)];
    while (!messages.some(({ pages }) => pages.length > 0)) messages.push(await read(reader));
    expect(messages.flatMap(sectionsOf)[0]?.html).toContain('refused');
    const page = messages.flatMap(({ pages }) => pages)[0];
    expect(page?.all ?? page?.set).toContain('1');
  });

  test('nodes that come and go, in the order of the list', async () => {
    start();
    const page = await openPage();
    const [a, b] = [idOf(page, 'a'), idOf(page, 'b')];
    const orderOf = async () => {
      for (;;) {
        const [change] = (await read(page.reader)).pages;
        if (change?.orders) return change;
      }
    };
    cluster.set(fakeNode('c'));
    later();
    const added = await orderOf();
    expect(added.orders?.nodes).toEqual([a, b, expect.any(Number)]);
    const c = added.orders?.nodes?.[2] as number;
    expect(added.names).toEqual({ [c]: 'c' });
    say(page.stream, page, { rows: [...page.rows, `0:${c}`, `1:${c}`], since: 0 });
    const fresh = await read(page.reader);
    expect(fresh.rows.find(({ id, part }) => id === c && part === 1)?.html).toContain('id="c"');
    cluster.remove('a');
    later();
    expect((await orderOf()).orders?.nodes).toEqual([b, c]);
    cluster.set(fakeNode('a'));
    later();
    expect((await orderOf()).orders?.nodes).toEqual([b, c, a]);
  });

  test('what is out of sight is neither rendered nor sent', async () => {
    start();
    const page = readPage(render('/'));
    const { reader } = await openPage('/', { rows: [`1:${idOf(page, 'a')}`] });
    expect(looked).toEqual(['a']);
    const seen = vi.fn();
    const hello = fakeNode('b').hello;
    cluster.set({
      ...fakeNode('b'),
      get hello() {
        return (
          hello && {
            ...hello,
            get cpuModel() {
              seen();
              return 'x';
            },
          }
        );
      },
    });
    later(3_000);
    cluster.set(busier('a', 77));
    later();
    expect((await read(reader)).rows.map(({ id }) => id)).toEqual([idOf(page, 'a')]);
    expect(seen).not.toHaveBeenCalled();
  });

  test('what comes into sight later is sent as it is then', async () => {
    start();
    cluster.set(busier('a', 50));
    const page = await openPage('/', { rows: [] });
    expect(looked).toEqual([]);
    cluster.set(busier('a', 51));
    later();
    say(page.stream, page);
    expect((await read(page.reader)).rows.find(({ part }) => part === 1)?.set).toContain('51 °C');
    expect(looked.sort()).toEqual(['a', 'b']);
    say(page.stream, page);
    say(page.stream, page, { since: 0, rows: [`1:${idOf(page, 'b')}`] });
    expect((await read(page.reader)).rows[0]?.html).toContain('id="b"');
  });

  test('one rendering serves all viewers', async () => {
    start();
    const { reader } = await openPage();
    const { reader: second } = await openPage();
    later();
    const node = vi.spyOn(cluster, 'report');
    cluster.set(busier('a', 77));
    later();
    expect(await read(reader)).toEqual(await read(second));
    expect(node).toHaveBeenCalledTimes(1);
  });

  test('a page of one node hears of no other', async () => {
    start();
    const page = await openPage('/nodes/b', { topics: ['recent b'] });
    expect(page.html).not.toContain('id="a"');
    expect(looked).toEqual(['b']);
    expect((await read(page.reader)).topics).toMatchObject([{ topic: 'recent b', value: { node: 'b' } }]);
    cluster.set(busier('a', 77));
    cluster.set(fakeNode('b', { sampleAgeMs: 9 }));
    later();
    const { rows } = await read(page.reader);
    expect(rows.map(({ id }) => id)).toEqual([idOf(page, 'b')]);
  });

  test('a new sentence about the head shows up by itself', async () => {
    start({ keepaliveMs: 1000 });
    const { reader } = await openPage();
    cluster.problemList = ['broken line'];
    vi.advanceTimersByTime(1200);
    expect((await reader.next()).event).toBe('ping');
    const [page] = (await read(reader)).pages;
    expect(Object.values(page?.pieces ?? {}).join('')).toContain('broken line');
    expect(page?.all).toContain('broken line');
  });
});

describe('searched and ordered lists', () => {
  test('a node that comes to match is listed, in its group', async () => {
    start();
    const page = await openPage('/?q=temp%3A%3E80&group=model');
    expect(page.html).toContain('Of 2 nodes none matches');
    cluster.set(busier('b', 91));
    later(3_000);
    const message = await read(page.reader);
    const [change] = message.pages;
    expect(change?.orders?.nodes).toEqual(['GeForce RTX 3090', expect.any(Number)]);
    expect(change?.all ?? change?.set).toContain('1 of 2 nodes');
  });

  test('GPUs, jobs and users have their own rows', async () => {
    start();
    const gpus = await openPage('/gpus?sort=-temp');
    expect(gpus.rows).toHaveLength(4);
    expect(gpus.html).toContain('>busy<');
    cluster.set(busier('b', 99));
    later();
    const message = await read(gpus.reader);
    expect(message.rows.some(({ set }) => set?.includes('99 °C'))).toBe(true);
    expect(render('/users')).toContain('>alice<');
    expect(render('/jobs')).toContain('There are no jobs at the moment.');
  });

  test('the last change of rows of all nodes arrives, whenever it came', async () => {
    for (let pauseMs = 50; pauseMs <= 1_500; pauseMs += 50) {
      // No keepalive, which looks after what was left behind.
      start({ keepaliveMs: 60_000 });
      const { reader } = await openPage('/gpus');
      cluster.set(busier('b', 99));
      later(pauseMs);
      cluster.set(unreachable(fakeNode('a')));
      later(2_500);
      feed.close();
      const texts = (await readAll(reader)).flatMap(({ rows }) => rows.map((row) => JSON.stringify(row)));
      const arrived = texts.filter((text) => text.includes('out of service'));
      expect({ pauseMs, arrived: arrived.length }).toEqual({ pauseMs, arrived: 2 });
    }
  });

  test('a search that cannot be understood says so, and hides nothing', () => {
    start();
    const html = render('/?q=usr%3Aalice');
    expect(html).toMatch(/role="alert"[^>]*>[^<]*usr/);
    expect(html).toContain('id="a"');
  });

  test('of very many rows some are shown, with a link to more', () => {
    start();
    expect(render('/gpus?limit=3')).toContain('3 of 4 are shown. Show 4');
    expect(render('/gpus?limit=3')).toContain('href="/gpus?limit=6"');
  });

  test('of many nodes the last ones are empty places until they are in sight', async () => {
    start();
    for (let number = 0; number < 60; number += 1) cluster.set(fakeNode(`n${number}`));
    const page = await openPage('/?rows=full', { rows: [] });
    expect(page.html.match(/unloaded/g)).toHaveLength(22);
    expect(page.html).toMatch(
      /<section class="node live unloaded" id="n59"[^>]*><h2><a href="\/nodes\/n59">n59</,
    );
    say(page.stream, page, {
      since: 0,
      rows: [
        `1:${idOf({ html: page.html.replaceAll(/class="node live unloaded" (id="[^"]*") (data-live-row="\d+" data-live-part="1")/g, '$2 $1') }, 'n59')}`,
      ],
    });
    expect((await read(page.reader)).rows[0]?.html).toContain('GeForce RTX 3090');
  });
});

describe('nobody looks', () => {
  test('nothing is rendered and no timer runs', () => {
    start();
    render('/');
    const node = vi.spyOn(cluster, 'report');
    cluster.set(busier('a', 77));
    later();
    expect(node).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
    expect(render('/')).toContain('77 °C');
  });

  test('the next page is up to date, ages included', () => {
    start();
    render('/');
    cluster.set(fakeNode('a', { sampleAgeMs: 95_000 }));
    later();
    expect(render('/')).toContain('95 s ago');
  });

  test('rows that have gone are forgotten, though pages are loaded on and on', () => {
    start({ keepaliveMs: 1_000 });
    const before = idOf(readPage(render('/')), 'b');
    cluster.remove('b');
    later(2_000);
    expect(render('/')).not.toContain('id="b"');
    cluster.set(fakeNode('b'));
    later(2_000);
    expect(idOf(readPage(render('/')), 'b')).toBeGreaterThan(before);
  });
});

describe('a changed design', () => {
  test('reloads all pages', async () => {
    start();
    const { reader } = await openPage();
    useDesign(
      compileDesign(
        '<!doctype html><title>new</title><p data-each="node in nodes" data-text="node.name"></p>',
        'd',
        otherViews,
      ),
    );
    cluster.set(fakeNode('a'));
    later();
    expect((await reader.next()).event).toBe('reload');
    await expect(reader.next()).rejects.toThrow('ended');
    expect(render('/')).toContain('<title>new</title>');
    expect(render('/gpus')).toContain('class="rows gpurows"');
  });

  test('that cannot be shown leaves the last good one', () => {
    start();
    useDesign(
      compileDesign(
        '<!doctype html><title data-text="page.no.such">x</title><p data-each="node in nodes"></p>',
        'd',
      ),
    );
    expect(render('/')).toContain('id="a"');
  });
});
