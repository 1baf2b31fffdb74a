import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readEvents } from '../../test/support/event-reader.ts';
import {
  createFakeCluster,
  type FakeChange,
  type FakeCluster,
  fakeNode,
  unreachable,
} from '../../test/support/fake-cluster.ts';
import { compileOwnDesign, staticDir } from '../../test/support/read-design.ts';
import { type App, createApp } from './app.ts';
import { hostOf, isAllowedHost } from './host-check.ts';
import { staticPath } from './static-files.ts';

const templates = compileOwnDesign();
let app: App;
let cluster: FakeCluster;

function start(change: FakeChange = {}, folder = staticDir): void {
  cluster = createFakeCluster([fakeNode('gpu01'), unreachable(fakeNode('bob@[fe80::1]:22'))], change);
  app = createApp(Object.assign(cluster, { templates: () => templates, staticDir: folder }));
}

afterEach(() => {
  app.close();
  expect(cluster.subscribers).toBe(0);
});

const browser = { accept: 'text/html,*/*;q=0.8', 'user-agent': 'Mozilla/5.0' };
const get = (path: string, headers: Record<string, string> = browser) => app.request(path, { headers });
const hostile = (host: string, path = '/') => get(path, { ...browser, host });

describe('the event stream', () => {
  const say = (stream: string, body: string) => app.request(`/events/${stream}`, { method: 'POST', body });

  test('tells its number, and then what is in sight, at once though compressed', async () => {
    start();
    const html = await (await get('/')).text();
    const [, epoch, version] = /data-live-version="(\w+)\.(\d+)"/.exec(html) ?? [];
    const answer = await get('/events', { 'accept-encoding': 'gzip' });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    const unzipped = answer.body?.pipeThrough(new DecompressionStream('gzip'));
    if (!unzipped) throw new Error('no stream');
    const reader = readEvents(unzipped as ReadableStream<Uint8Array>);
    const { event, data: stream } = await reader.next();
    expect(event).toBe('stream');
    const rows = [[Number(version), 1, '1-9']];
    const wanted = JSON.stringify({ epoch, rows, pages: [], topics: [] });
    expect((await say(stream, wanted)).status).toBe(204);
    cluster.set(unreachable(fakeNode('gpu01')));
    expect((await reader.next()).data).toContain('refused');
    await reader.cancel();
  });

  test('takes no rubbish, nothing endless and nothing for streams that are not there', async () => {
    start();
    expect((await say('x', 'rubbish')).status).toBe(400);
    expect((await say('x', '{"epoch":"x","rows":[],"pages":[],"topics":[]}')).status).toBe(404);
    expect((await say('x', ' '.repeat(300_000))).status).toBe(413);
    const head = await app.request('/events', { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(app.viewerCount).toBe(0);
  });
});

describe('the page of a job', () => {
  const id = 'be409ecbac19'.padEnd(64, '0');

  test('is found by its key as it is printed', async () => {
    const key = `docker:${id}`;
    const ran = { kind: 'docker' as const, id, name: 'trainer', user: 'alice', startTimeMs: null };
    const used = { processCount: 1, cpuPercent: 1, residentBytes: 1 };
    const node = fakeNode('gpu01', {}, { jobs: [{ key, ...ran, ...used }], gpuProcesses: [] });
    cluster = createFakeCluster([node]);
    app = createApp(Object.assign(cluster, { templates: () => templates, staticDir }));
    for (const asked of [`docker:${id}@gpu01`, 'docker:be409ecbac19@gpu01']) {
      const path = `/jobs/${encodeURIComponent(asked)}`;
      const text = await get(path, { accept: 'text/plain' });
      expect(text.status).toBe(200);
      expect(await text.text()).toContain('trainer');
      expect(await (await get(path)).text()).toContain('trainer');
    }
    expect((await get('/jobs/docker%3Abe409ecbac1@gpu01', { accept: 'text/plain' })).status).toBe(404);
  });
});

describe('the page', () => {
  test('shows every node, by any of its addresses', async () => {
    start();
    for (const path of ['/', '/gpus.html']) {
      const response = await get(path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('text/html; charset=UTF-8');
      const html = await response.text();
      expect(html).toContain('id="gpu01"');
      expect(html).toContain('id="bob@[fe80::1]:22"');
      expect(html).not.toContain('\u0001');
    }
  });

  test('of one node holds that node only', async () => {
    start();
    const html = await (await get(`/nodes/${encodeURIComponent('bob@[fe80::1]:22')}`)).text();
    expect(html).toContain('id="bob@[fe80::1]:22"');
    expect(html).not.toContain('id="gpu01"');
    expect(html).toContain('data-live-key="/nodes/bob%40%5Bfe80%3A%3A1%5D%3A22"');
    const missing = await get('/nodes/%3Cb%3E');
    expect(missing.status).toBe(404);
    expect(await missing.text()).toContain('&lt;b&gt;');
  });

  test('has headers that keep strangers out, and is not kept', async () => {
    start();
    const { headers } = await get('/');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('is compressed', async () => {
    start();
    for (const path of ['/', '/api/v1/nodes']) {
      const { headers } = await get(path, { ...browser, 'accept-encoding': 'gzip' });
      expect(headers.get('content-encoding')).toBe('gzip');
    }
  });

  test('has views of GPUs, jobs and users, that can be searched', async () => {
    start();
    for (const path of ['/gpus', '/jobs', '/users', '/gpus?q=gpu:3090&sort=-util&group=node']) {
      const response = await get(path);
      expect(response.status, path).toBe(200);
      expect(await response.text(), path).toContain('class="rows ');
    }
    const text = await (await get('/gpus?q=node:gpu01', { 'user-agent': 'curl/8' })).text();
    expect(text).toContain('gpu01');
    expect(text).not.toContain('bob@');
  });

  test('says what is wrong with the head, and that a demo is one', async () => {
    start({ demo: true });
    cluster.problemList = ['node-list.txt line 7 <b>'];
    const html = await (await get('/')).text();
    expect(html).toContain('node-list.txt line 7 &lt;b&gt;');
    expect(html).toContain('<b>Demo.</b>');
  });

  test('a design that cannot be shown is an answer, not a crash', async () => {
    start();
    cluster.problems = () => {
      throw new Error('broken <b>');
    };
    const response = await get('/');
    expect(response.status).toBe(500);
    expect(response.headers.get('content-type')).toContain('text/plain');
  });
});

describe('plain text', () => {
  const asked: [string, string, Record<string, string>, boolean][] = [
    ['?term', '/?term', browser, true],
    ['Accept: text/plain', '/', { accept: 'text/plain' }, true],
    ['curl', '/', { 'user-agent': 'curl/8.5.0', accept: '*/*' }, true],
    ['Wget', '/', { 'user-agent': 'Wget/1.21' }, true],
    ['curl that asks for HTML', '/', { 'user-agent': 'curl/8.5.0', accept: 'text/html' }, false],
    ['a browser', '/', browser, false],
    ['nobody in particular', '/', {}, false],
    ['curl on one node', '/nodes/gpu01', { 'user-agent': 'curl/8.5.0' }, true],
  ];
  test.each(asked)('%s', async (_, path, headers, isText) => {
    start();
    const response = await get(path, headers);
    expect(response.headers.get('content-type')).toMatch(isText ? /^text\/plain/ : /^text\/html/);
    expect(response.headers.get('vary')).toContain('User-Agent');
    expect(await response.text()).toContain('gpu01');
  });

  test('of an unknown node', async () => {
    start();
    const response = await get('/nodes/no%1bpe?term');
    expect(response.status).toBe(404);
    expect(await response.text()).toBe('There is no node "no\\x1bpe" in the node list.\n');
  });
});

describe('hosts', () => {
  test('only names that are ours are answered', async () => {
    start({ allowedHosts: ['Head.Example.org'] });
    for (const host of [
      'localhost:7070',
      'a.localhost',
      '127.0.0.1:1',
      '10.1.2.3',
      '[::1]:7070',
      'head.example.org',
      'HEAD.example.org.:80',
    ]) {
      expect((await hostile(host)).status, host).toBe(200);
    }
    for (const host of [
      'evil.com',
      'localhost.evil.com',
      'evil.com:7070',
      '127.0.0.1.evil.com',
      '1.2.3.4.5',
      '999.1.1.1',
      'a@localhost',
      'x.head.example.org',
    ]) {
      const response = await hostile(host);
      expect(response.status, host).toBe(403);
      expect(await response.text()).toContain('allowed-hosts in rollcall.toml');
    }
    const api = await hostile('evil.com', '/api/v1/nodes');
    expect(api.status).toBe(403);
    expect(await api.json()).toHaveProperty('error.code', 'host-not-allowed');
    expect((await hostile('evil.com', '/events')).status).toBe(403);
    expect((await hostile('evil.com', '/static/style.css')).status).toBe(403);
  });

  test('the host without its port', () => {
    start();
    expect(['a:1', '[::1]:80', '[::1]', 'A.b.'].map(hostOf)).toEqual(['a', '[::1]', '[::1]', 'a.b']);
    expect(['', 'a:b', 'a/b', '::1', 'a b', '[x', 'a:1:2'].map(hostOf)).toEqual(Array(7).fill(null));
    expect(isAllowedHost('', [''])).toBe(false);
  });
});

describe('static files', () => {
  test('have their type, and are not sent twice', async () => {
    start();
    const style = await get('/static/style.css?v=0.1');
    expect(style.headers.get('content-type')).toBe('text/css; charset=utf-8');
    const etag = style.headers.get('etag') ?? '';
    expect((await get('/static/style.css', { 'if-none-match': etag })).status).toBe(304);
    for (const [file, type] of [
      ['live.js', 'text/javascript'],
      ['page/when-needed.js', 'text/javascript'],
      ['styles/themes.css', 'text/css'],
      ['favicon.svg', 'image/svg+xml'],
      ['favicon.ico', 'image/x-icon'],
      ['manifest.json', 'application/json'],
      ['apple-touch-icon.png', 'image/png'],
      ['offline.html', 'text/html'],
    ]) {
      expect((await get(`/static/${file}`)).headers.get('content-type'), file).toContain(type);
    }
    expect((await get('/favicon.ico')).status).toBe(200);
  });

  test('a service worker stands at the root, and a browser always asks for a newer one', async () => {
    start();
    const worker = await get('/sw.js');
    expect(worker.headers.get('content-type')).toContain('text/javascript');
    expect(worker.headers.get('cache-control')).toBe('no-cache');
    expect(await worker.text()).toBe(await (await get('/static/sw.js')).text());
  });

  test('the policy lets no script run but those that are served here', async () => {
    start();
    for (const path of ['/', '/gpus', '/nodes/nope', '/static/offline.html']) {
      const policy = (await get(path, { accept: 'text/html' })).headers.get('content-security-policy') ?? '';
      expect(policy, path).toMatch(/(?:^|; )script-src 'self'(?:;|$)/);
      expect(policy, path).toMatch(/(?:^|; )worker-src 'self'(?:;|$)/);
    }
  });

  test('no path leads out of the folder', async () => {
    const outer = mkdtempSync(join(tmpdir(), 'rollcall-static-'));
    const folder = join(outer, 'static');
    try {
      start({}, folder);
      writeFileSync(join(outer, 'secret.txt'), 'secret');
      symlinkSync(outer, folder);
      for (const path of [
        '..%2fsecret.txt',
        '%2e%2e/secret.txt',
        '....//secret.txt',
        '%5c..%5csecret.txt',
        '.secret.txt',
        '%00.txt',
        '%zz',
        'nope.css',
        '',
      ]) {
        expect((await get(`/static/${path}`)).status, path).toBe(404);
      }
    } finally {
      rmSync(outer, { recursive: true });
    }
    for (const path of [
      '../a.css',
      'a/../../b.css',
      '/etc/passwd',
      'a\\b.css',
      '.git/a.css',
      'a//b.css',
      '',
    ]) {
      expect(staticPath('/srv/static', path), path).toBeNull();
    }
    expect(staticPath('/srv/static', 'a/b.css')).toBe('/srv/static/a/b.css');
  });
});

test('a HEAD request leaves no stream open', async () => {
  start();
  const response = await app.request('/events', { method: 'HEAD' });
  expect(response.status).toBe(200);
  expect(app.viewerCount).toBe(0);
});
