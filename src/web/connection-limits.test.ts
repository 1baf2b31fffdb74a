import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, Socket } from 'node:net';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { connectionLimits, limitFor } from './connection-limits.ts';
import { type Listening, serve } from './serve.ts';

let listening: Listening | null = null;
const sockets: Socket[] = [];

async function start(total: number): Promise<number> {
  const app = new Hono();
  app.get('/', (context) => context.text('here\n'));
  app.post('/', async (context) => context.text(`${(await context.req.text()).length}\n`));
  app.get(
    '/slow',
    () =>
      new Response(
        new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('first')) }),
      ),
  );
  const connections = { total, perClient: total };
  listening = await serve(app, { host: '127.0.0.1', port: 0 }, { connections });
  return 'port' in listening.address ? listening.address.port : 0;
}

/** Resolves to true where the server keeps it open. */
async function open(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  // Half a request: a server that has taken the connection waits for the rest.
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
  const isClosed = once(socket, 'close').then(() => false);
  const isHeld = new Promise<boolean>((resolve) => setTimeout(resolve, 300, true));
  return Promise.race([isClosed, isHeld]);
}

/** Resolves once the answer has begun; it goes on. */
function askSlow(port: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/slow', agent: false }, (answer) => {
      answer.on('error', () => undefined);
      answer.once('data', () => resolve(answer));
    }).once('error', reject);
  });
}

function ask(port: number, agent?: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/', ...(agent && { agent }) }, (answer: IncomingMessage) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
    }).once('error', reject);
  });
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listening?.close();
  listening = null;
});

describe('connections', () => {
  it('that ask nothing give way to what comes, the longest first', async () => {
    const port = await start(4);
    expect(await Promise.all(Array.from({ length: 4 }, () => open(port)))).toEqual([true, true, true, true]);
    const isClosed = once(sockets[0] ?? new Socket(), 'close');
    expect(await open(port)).toBe(true);
    await isClosed;
    expect(await ask(port)).toBe(200);
    expect(sockets.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(4);
  });

  it('that send a part of their request give way too, and one that sends all is answered', async () => {
    const port = await start(3);
    const posts = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const socket = connect(port, '127.0.0.1');
        sockets.push(socket);
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nhal');
        return socket;
      }),
    );
    await expect.poll(() => ask(port).catch(() => 0)).toBe(200);
    await expect.poll(() => posts.some(({ closed }) => closed)).toBe(true);
    const left = posts.find(({ closed }) => !closed);
    if (left === undefined) throw new Error('all have given way');
    left.write('ves');
    const [answer] = (await once(left, 'data')) as [Buffer];
    expect(answer.toString()).toContain('200 OK');
  });

  it('are closed at once where all others are busy, and there is room again when one of them is not', async () => {
    const port = await start(3);
    const asked = await Promise.all(Array.from({ length: 3 }, () => askSlow(port)));
    expect(await open(port)).toBe(false);
    await expect(ask(port)).rejects.toThrow();
    asked[0]?.destroy();
    await expect.poll(() => ask(port).catch(() => 0)).toBe(200);
  });

  it('that rest between two requests give way', async () => {
    const port = await start(3);
    const agent = new Agent({ keepAlive: true });
    try {
      await Promise.all([ask(port, agent), ask(port, agent), ask(port, agent)]);
      await expect.poll(() => ask(port).catch(() => 0)).toBe(200);
    } finally {
      agent.destroy();
    }
  });
});

describe('limitFor', () => {
  const limits = { total: 100, perClient: 30 };
  it.each([
    ['10.1.2.3', 30],
    ['fe80::1', 30],
    ['::ffff:10.1.2.3', 30],
    ['127.0.0.1', 100],
    ['127.8.8.8', 100],
    ['::1', 100],
    ['::ffff:127.0.0.1', 100],
    [null, 100],
  ])('of %s is %i', (client, limit) => {
    expect(limitFor(client, limits)).toBe(limit);
  });

  it('leaves requests and other clients room, whatever the number', () => {
    for (let descriptors = 16; descriptors < 3_000; descriptors += 7) {
      const { sockets: all, streams } = connectionLimits(descriptors);
      expect(all.total).toBe(descriptors);
      expect(streams.total).toBeLessThan(all.total);
      expect(all.perClient).toBeLessThan(all.total);
      expect(streams.perClient).toBeLessThan(streams.total);
    }
  });
});
