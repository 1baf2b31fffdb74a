import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectedHead } from '../../test/support/every-text.ts';
import { type App, createApp } from './app.ts';
import { type Listening, serve } from './serve.ts';

let app: App;
let listening: Listening;

async function ask(head: string, body = ''): Promise<string> {
  const { port } = listening.address as { port: number };
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.write(`${head}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
  });
}

afterEach(async () => {
  app.close();
  await listening.close();
});

describe('a request for a whole address', () => {
  it.each([
    ['GET http://localhost/healthz', 'localhost', 200],
    ['POST http://u:p@localhost/events/x', 'localhost', 400],
    ['POST http://u@localhost/api/v1/nodes/n1/retry', 'localhost', 400],
    ['GET http://evil.example/healthz', 'localhost', 403],
    ['GET http://localhost/healthz', 'evil.example', 403],
    ['POST http://localhost/events/x', 'localhost', 400],
    ['GET http://[/', 'localhost', 400],
  ])('%s for %s is answered with %i', async (line, host, status) => {
    app = createApp(connectedHead(['n1']).web);
    listening = await serve(app, { host: '127.0.0.1', port: 0 });
    const answer = await ask(`${line} HTTP/1.1\r\nHost: ${host}`, 'rubbish');
    expect(answer.split('\r\n')[0]).toContain(` ${status} `);
  });
});
