// VIEWERS browsers without a browser: each loads the page once, opens a compressed event stream and says that it has
// a few nodes in sight, each other ones. Started by bench/page.ts; tells on each message how much it has heard.
import { type ClientRequest, get, request } from 'node:http';
import { createGunzip } from 'node:zlib';

const [port = '0', viewers = '1'] = process.argv.slice(2);
const NODES_IN_SIGHT = 6;
const LINKS_IN_SIGHT = 40;

let bytes = 0;
let messages = 0;
const streams: ClientRequest[] = [];

function load(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'text/html', 'user-agent': 'Mozilla/5.0' };
    get({ host: '127.0.0.1', port, path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

function say(stream: string, wanted: object): void {
  const body = JSON.stringify(wanted);
  const post = request({ host: '127.0.0.1', port, path: `/events/${stream}`, method: 'POST' });
  post.on('response', (answer) => answer.resume());
  post.end(body);
}

interface Page {
  epoch: string;
  version: number;
  /** What surrounds its rows. */
  outer: string;
  /** The part that shows a node as a whole. */
  wholePart: string;
  /** Ids of nodes by the part of the design that shows them. */
  parts: Map<string, string[]>;
}

/** Some nodes of each part, other ones for each viewer. What is a whole node has none of its text yet. */
function rowsInSight({ version, wholePart, parts }: Page, at: number): [number, number, string][] {
  return Array.from(parts, ([part, ids]) => {
    const isWhole = part === wholePart;
    const count = isWhole ? NODES_IN_SIGHT : LINKS_IN_SIGHT;
    const first = (at * NODES_IN_SIGHT) % Math.max(1, ids.length - count);
    return [isWhole ? 0 : version, Number(part), ids.slice(first, first + count).join(',')];
  });
}

function follow(page: Page, at: number): void {
  const { epoch, version, outer } = page;
  const wanted = {
    epoch,
    rows: rowsInSight(page, at),
    pages: [[version, '/', outer]],
    topics: [
      [0, 'heat layout'],
      [0, 'heat utilization'],
    ],
  };
  const headers = { 'accept-encoding': 'gzip' };
  const stream = get({ host: '127.0.0.1', port, path: '/events', headers }, (answer) => {
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    const text = answer.pipe(createGunzip()).setEncoding('utf8');
    let heard = '';
    text.on('data', (piece: string) => {
      heard += piece;
      const opened = /event: stream\ndata: (\w+)\n\n/.exec(heard)?.[1];
      if (opened) say(opened, wanted);
      messages += piece.split('\n\n').length - 1;
      if (opened || heard.length > 10_000) heard = '';
    });
    text.on('error', () => undefined);
  });
  stream.on('error', () => undefined);
  streams.push(stream);
}

const html = await load('/');
const mark = (name: string) => new RegExp(`data-live-${name}="([^"]*)"`).exec(html)?.[1] ?? '';
const [epoch = '', version = '0'] = mark('version').split('.');
const parts = new Map<string, string[]>();
for (const [, id = '', part = ''] of html.matchAll(/data-live-row="(\d+)" data-live-part="(\d+)"/g))
  parts.set(part, [...(parts.get(part) ?? []), id]);
const page = {
  epoch,
  version: Number(version),
  outer: mark('outer'),
  wholePart: mark('whole').split(' ')[0] ?? '',
  parts,
};
for (let at = 0; at < Number(viewers); at += 1) follow(page, at);
process.on('message', () => process.send?.({ bytes, messages }));
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
