import { afterEach, describe, expect, it } from 'vitest';
import type { State } from '../src/state/state.ts';
import { type App, createApp } from '../src/web/app.ts';
import { readEvents } from './support/event-reader.ts';
import { connectedHead, everyText, hear } from './support/every-text.ts';

/**
 * Every text of every message is one that programs stumble over. Whatever is made of it (page, API, text for terminals,
 * live stream) is made, is well-formed, and steers neither a terminal nor an eye.
 */

const evils = {
  'half a pair of surrogates': 'ann\ud83d',
  'the other half': '\udc00ann',
  'a NUL': 'an\u0000n',
  'an escape sequence': '\u001b]0;x\u0007\u001b[2J',
  'a turned direction': '\u202ean\u2066n',
  'zero width': 'an\u200bn\u200d\ufeff\u2060',
  'ends of lines': 'an\u2028n\u0085\n',
  'a long text that a cut takes apart': '\ud83d\ude00'.repeat(6_000),
};

let app: App | null = null;
let state: State;

function startHead(): App {
  const head = connectedHead(['evil', 'good']);
  state = head.state;
  return createApp(head.web);
}

/** The head must take all of it. */
function say(name: string, text: string): void {
  expect(
    hear(
      state,
      name,
      everyText(() => text),
    ),
  ).toEqual([]);
}

afterEach(() => {
  app?.close();
  app = null;
});

/** Ends of lines and tabs are the answers' own. */
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/u;

describe.each(Object.entries(evils))('a node that says %s', (_, evil) => {
  it.each([
    ['/', 'text/html'],
    ['/gpus', 'text/html'],
    ['/jobs', 'text/html'],
    ['/users', 'text/html'],
    ['/nodes/evil', 'text/html'],
    ['/', 'text/plain'],
    ['/gpus', 'text/plain'],
    ['/jobs', 'text/plain'],
    ['/users', 'text/plain'],
    ['/nodes/evil', 'text/plain'],
    ['/?q=user:ann&group=user', 'text/html'],
    ['/?q=is:problem&sort=-mem', 'text/html'],
  ])('is shown by %s as %s', async (path, accept) => {
    app = startHead();
    say('evil', evil);
    say('good', 'bob');
    const answer = await app.request(path, { headers: { accept } });
    const text = await answer.text();
    expect({ status: answer.status, text: answer.status === 200 ? '' : text }).toEqual({
      status: 200,
      text: '',
    });
    expect(text.isWellFormed()).toBe(true);
    expect(UNSEEN.exec(text)?.[0].codePointAt(0)?.toString(16)).toBeUndefined();
    expect(text).not.toContain('cannot be shown');
    if (path === '/users') expect(text).toContain('bob');
  });

  it.each([
    '/api/v1/nodes',
    '/api/v1/nodes/evil',
    '/api/v1/nodes/evil/recent',
    '/api/v1/gpus',
    '/api/v1/jobs',
    '/api/v1/users',
    '/api/v1/complete?q=user:',
  ])('is told by %s', async (path) => {
    app = startHead();
    say('evil', evil);
    const answer = await app.request(path);
    expect(answer.status).toBe(200);
    const body = await answer.text();
    expect(body.isWellFormed()).toBe(true);
    expect(body).not.toMatch(/\\ud[89a-f]/i);
    expect(JSON.stringify(JSON.parse(body))).toContain('"');
  });

  it('is shown live', async () => {
    app = startHead();
    say('good', 'bob');
    const html = await (await app.request('/users', { headers: { accept: 'text/html' } })).text();
    const [, epoch, version] = /data-live-version="(\w+)\.(\d+)"/.exec(html) ?? [];
    const answer = await app.request('/events');
    if (!answer.body) throw new Error('no stream');
    const reader = readEvents(answer.body);
    const { data: stream } = await reader.next();
    const since = Number(version);
    const rows = Array.from({ length: 30 }, (_, part) => [since, part, '1-20']);
    const pages = ['/', '/gpus', '/jobs', '/users'].map((path) => [0, path, '']);
    const wanted = JSON.stringify({
      epoch,
      rows,
      pages,
      topics: [
        [0, 'heat layout'],
        [0, 'recent evil'],
      ],
    });
    const subscribed = await app.request(`/events/${stream}`, { method: 'POST', body: wanted });
    expect(subscribed.status).toBe(204);
    say('evil', evil);
    const { data } = await reader.next();
    expect(data.isWellFormed()).toBe(true);
    await reader.cancel();
  });
});
