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
  sections: number[];
}

function follow({ epoch, version, sections }: Page, at: number): void {
  const first = (at * NODES_IN_SIGHT) % Math.max(1, sections.length - LINKS_IN_SIGHT);
  const shown = sections.slice(first, first + NODES_IN_SIGHT);
  const links = sections.slice(first, first + LINKS_IN_SIGHT);
  const wanted = {
    epoch,
    rows: [
      [version, 0, links.join(',')],
      [0, 1, shown.join(',')],
    ],
    pages: [[version, '/', '']],
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
const [, epoch = '', version = '0'] = /data-live-version="(\w+)\.(\d+)"/.exec(html) ?? [];
const sections = [...html.matchAll(/data-live-row="(\d+)" data-live-part="1"/g)].map(([, id]) => Number(id));
for (let at = 0; at < Number(viewers); at += 1) follow({ epoch, version: Number(version), sections }, at);
process.on('message', () => process.send?.({ bytes, messages }));
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
