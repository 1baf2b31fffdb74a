/**
 * Requests and messages that nobody would send, 10,000 of each from a seed: no answer of 5xx, no row that cannot be
 * shown, nothing thrown, and memory that does not grow. `npm run fuzz -- --seed 7 --count 10000`.
 */
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { createRandom } from '../src/lib/random.ts';
import { parseMessage } from '../src/protocol/messages.ts';
import { createApp } from '../src/web/app.ts';
import { serve } from '../src/web/serve.ts';
import { connectedHead, everyText, hear } from '../test/support/every-text.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '10000' } },
});
const seed = Number(values.seed);
const count = Number(values.count);
/** Node.js itself needs some; what is kept by mistake comes to more. */
const MOST_GROWTH_MIB = 64;

type Random = () => number;
const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

const oddTexts = [
  '',
  'a',
  '%',
  '%ff',
  '%00',
  '%ED%A0%80',
  '..%2f..%2fetc%2fpasswd',
  '\u202e',
  '\u{1f600}',
  '\'"><script>',
  '{{x}}',
  '<%= it %>',
  '__proto__',
  'constructor',
  '-1e99',
  'NaN',
  '1e400',
  'user:',
  'free:>=',
  '-',
  '"',
  'x'.repeat(3_000),
  'a,'.repeat(500),
  '-a '.repeat(300),
];
const paths = [
  '/',
  '/gpus',
  '/gpus.html',
  '/jobs',
  '/users',
  '/nodes/',
  '/nodes/n1',
  '/jobs/',
  '/events',
  '/events/',
  '/enter',
  '/static/',
  '/static/live.js',
  '/sw.js',
  '/favicon.ico',
  '/healthz',
  '/readyz',
  '/api',
  '/api/v1/nodes',
  '/api/v1/nodes/n1',
  '/api/v1/nodes/n1/recent',
  '/api/v1/nodes/n1/retry',
  '/api/v1/gpus',
  '/api/v1/jobs',
  '/api/v1/users',
  '/api/v1/complete',
  '/api/v1/complete/fields',
];
const names = ['q', 'sort', 'group', 'since', 'at', 'term', 'code', 'limit', '__proto__', 'q[]'];
const methods = [
  'GET',
  'GET',
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'PROPFIND',
];
const headers = [
  'Accept: text/html',
  'Accept: text/plain',
  'Accept: */*;q=',
  'Accept-Encoding: gzip, br;q=2',
  'Cookie: rollcall=x; =; a',
  'Authorization: Bearer',
  'Authorization: Bearer x',
  'Content-Type: application/json',
  'If-None-Match: "x"',
  'Range: bytes=9-1',
  'Origin: http://[',
  'Sec-Fetch-Site: same-origin',
  'Last-Event-ID: ../x',
  'X-Forwarded-For: 1.2.3.4',
  'Upgrade: websocket',
  'Expect: 100-continue',
];
const hosts = ['localhost', '127.0.0.1:1', '[::1]', 'evil.example', '[', 'a b', '', '\u00ff'];

function target(random: Random): string {
  const path = random() < 0.7 ? pick(random, paths) : `${pick(random, paths)}${pick(random, oddTexts)}`;
  const query = Array.from(
    { length: Math.floor(random() * 4) },
    () =>
      `${pick(random, names)}=${random() < 0.5 ? encodeURI(pick(random, oddTexts)) : pick(random, oddTexts)}`,
  );
  const origin =
    random() < 0.1
      ? pick(random, ['http://localhost', 'http://evil.example', 'http://u:p@localhost', 'http://[', '//'])
      : '';
  return `${origin}${path}${query.length > 0 ? `?${query.join('&')}` : ''}`.replace(/[\s]/g, '+');
}

const bodies = [
  '',
  '{}',
  '[]',
  'null',
  '{"epoch":"x","rows":[],"pages":[],"topics":[]}',
  '{"epoch":"x","rows":[[0,0,"1-999999999"]],"pages":[[0,"/?q=\\ud800",""]],"topics":[[0,"recent \\u0000"]]}',
  `[${'['.repeat(5_000)}`,
  'x'.repeat(20_000),
];

function request(random: Random): string {
  const body = random() < 0.3 ? pick(random, bodies) : '';
  const lines = [
    `${pick(random, methods)} ${target(random)} HTTP/1.1`,
    `Host: ${random() < 0.8 ? 'localhost' : pick(random, hosts)}`,
    ...Array.from({ length: Math.floor(random() * 4) }, () => pick(random, headers)),
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Status and first part of the answer; an event stream is left after its first words. */
function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    const finish = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(10_000, () => {
      answer = `no answer within 10 s; ${answer}`;
      finish();
    });
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (/text\/event-stream/.test(answer)) finish();
    });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.write(text);
  });
}

function memoryMiB(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1024 ** 2;
}

const faults: string[] = [];
function report(what: string, input: string, answer: string): void {
  faults.push(what);
  if (faults.length <= 20)
    console.log(`${what}\n  ${JSON.stringify(input.slice(0, 600))}\n  ${answer.slice(0, 400)}`);
}

async function fuzzRequests(): Promise<void> {
  const { state, web } = connectedHead(['n1', 'n2']);
  hear(
    state,
    'n1',
    everyText((place) => place),
  );
  const app = createApp(web);
  const server = await serve(app, { host: '127.0.0.1', port: 0 });
  const port = 'port' in server.address ? server.address.port : 0;
  const statuses = new Map<string, number>();
  let start = 0;
  for (let number = 0; number < count; number += 1) {
    if (number === Math.floor(count / 5)) start = memoryMiB();
    const text = request(createRandom(seed * 1_000_003 + number));
    const answer = await ask(port, text);
    const status = /^HTTP\/1\.1 ([2-9]\d\d)/m.exec(answer)?.[1] ?? 'none';
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (/^5/.test(status) || answer.startsWith('no answer'))
      report(`request ${number}: ${status}`, text, answer);
    if (answer.includes('cannot be shown')) report(`request ${number}: a broken row`, text, answer);
  }
  const growth = memoryMiB() - start;
  app.close();
  await server.close();
  console.log(
    `${count} requests: ${[...statuses]
      .sort()
      .map(([status, times]) => `${times} × ${status}`)
      .join(', ')}`,
  );
  console.log(`memory: ${growth.toFixed(1)} MiB more than after a fifth of them`);
  if (growth > MOST_GROWTH_MIB) report('memory grows with requests', '', `${growth} MiB`);
}

const oddValues = [
  null,
  true,
  -1,
  0.5,
  1e308,
  2 ** 53,
  [],
  {},
  '',
  '\ud800',
  '\u0000',
  'x'.repeat(5_000),
  [[]],
  { a: 1 },
];

function spoil(random: Random, value: unknown): unknown {
  if (random() < 0.15 || typeof value !== 'object' || value === null) return pick(random, oddValues);
  if (Array.isArray(value)) {
    const rows: unknown[] = [...value];
    rows[Math.floor(random() * (rows.length + 1))] = spoil(random, rows[0]);
    return rows;
  }
  const key = pick(random, Object.keys(value));
  const inner = (value as Record<string, unknown>)[key];
  return { ...value, [key]: key === 'type' ? inner : spoil(random, inner) };
}

async function fuzzMessages(): Promise<void> {
  const { state, web } = connectedHead(['n1', 'n2']);
  const good = everyText((place) => place);
  hear(state, 'n2', good);
  const app = createApp(web);
  const seen = [
    '/',
    '/gpus',
    '/jobs',
    '/users',
    '/nodes/n1',
    '/api/v1/nodes',
    '/api/v1/users',
    '/api/v1/nodes/n1/recent',
  ];
  let taken = 0;
  let start = 0;
  for (let number = 0; number < count; number += 1) {
    if (number === Math.floor(count / 5)) start = memoryMiB();
    const random = createRandom(seed * 1_000_003 + number);
    const line = JSON.stringify(spoil(random, pick(random, good)));
    const parsed = parseMessage(line);
    if (parsed.ok) {
      taken += 1;
      state.take({ kind: 'message', name: 'n1', message: parsed.message, faults: parsed.faults });
    }
    if (number % 10 !== 0) continue;
    const path = pick(random, seen);
    const answer = await app.request(path, { headers: { accept: 'text/html' } });
    const text = await answer.text();
    if (answer.status >= 500) report(`message ${number}: ${path} answers ${answer.status}`, line, text);
    if (text.includes('cannot be shown') || text.includes('cannot be put together'))
      report(`message ${number}: a broken row in ${path}`, line, text.slice(text.indexOf('cannot be') - 200));
    if (!text.includes('n2') && path === '/') report(`message ${number}: the good node has gone`, line, text);
  }
  const growth = memoryMiB() - start;
  app.close();
  console.log(`${count} messages: ${taken} taken, ${count - taken} refused`);
  console.log(`memory: ${growth.toFixed(1)} MiB more than after a fifth of them`);
  if (growth > MOST_GROWTH_MIB) report('memory grows with messages', '', `${growth} MiB`);
}

await fuzzMessages();
await fuzzRequests();
console.log(faults.length === 0 ? 'nothing found' : `${faults.length} faults found (seed ${seed})`);
process.exitCode = faults.length === 0 ? 0 : 1;
