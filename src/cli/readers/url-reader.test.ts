import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { explainNoAnswer } from './url-errors.ts';
import { createUrlReader, parseHeadUrl } from './url-reader.ts';

type Handle = (request: IncomingMessage, answer: ServerResponse) => void;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server on a port of its own; its port. */
function serve(handle: Handle): Promise<number> {
  const server = createServer(handle);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

const json = (status: number, body: object): Handle => {
  return (_, answer) => {
    answer.writeHead(status, { 'content-type': 'application/json' });
    answer.end(JSON.stringify(body));
  };
};
const refusal = (code: string) => ({ error: { code, message: `\u001b[2J${code}` } });

const getFrom = async (handle: Handle) =>
  createUrlReader(`http://127.0.0.1:${await serve(handle)}`).getJson('/api/v1/nodes');

describe('the address of a page', () => {
  it.each([
    ['gpu-head:7070', 'http://gpu-head:7070/'],
    ['http://gpu-head:7070/?q=x#top', 'http://gpu-head:7070/'],
    ['https://proxy.example/rollcall', 'https://proxy.example/rollcall/'],
    ['http://[::1]:7070', 'http://[::1]:7070/'],
  ])('%s is taken', (text, url) => expect(parseHeadUrl(text).href).toBe(url));

  it.each(['', 'ftp://head/', 'file:///etc/passwd', 'http://', 'http://a b/', '\u001b[2J'])(
    '%j is refused with an example',
    (text) => {
      expect(() => parseHeadUrl(text)).toThrow('is not the address of a page; give it as http://HOST:7070/');
      expect(() => parseHeadUrl(text)).not.toThrow('\u001b');
    },
  );

  it('keeps a path before those of the head, and shows no password', async () => {
    let asked = '';
    const port = await serve((request, answer) => {
      asked = `${request.url} ${request.headers.authorization}`;
      json(200, { nodes: [] })(request, answer);
    });
    const reader = createUrlReader(`http://ann:secret@127.0.0.1:${port}/rollcall`);
    expect(reader.url).toBe(`http://127.0.0.1:${port}/rollcall/`);
    expect(await reader.getJson('/api/v1/nodes?q=a%3Ab')).toEqual({ nodes: [] });
    expect(asked).toBe(`/rollcall/api/v1/nodes?q=a%3Ab Basic ${btoa('ann:secret')}`);
  });
});

describe('an answer', () => {
  it('is given as the head said it, a bad question included', async () => {
    expect(await getFrom(json(200, { nodes: [] }))).toEqual({ nodes: [] });
    expect(await getFrom(json(400, refusal('bad-query')))).toEqual(refusal('bad-query'));
    expect(await getFrom(json(404, refusal('unknown-node')))).toBeNull();
  });

  it.each([
    ['another name', json(403, refusal('host-not-allowed')), 'does not answer under the name 127.0.0.1'],
    ['a failure of the head', json(500, refusal('internal')), 'answers 500: \\x1b[2Jinternal'],
    ['JSON of something else', json(200, []), null],
    ['a list without a name', json(404, { status: 404 }), 'is not the page of a Rollcall (it answers 404)'],
    ['a page', (_: unknown, answer: ServerResponse) => answer.end('<html>'), 'is not the page of a Rollcall'],
    [
      'a login',
      (_: unknown, answer: ServerResponse) => answer.writeHead(401).end('who are you?'),
      'answers 401: something before the head asks for a login',
    ],
    ['a broken gateway', (_: unknown, answer: ServerResponse) => answer.writeHead(502).end(), 'answers 502'],
    ['an end in the middle', (_: unknown, answer: ServerResponse) => answer.destroy(), 'broke off'],
  ] as [string, Handle, string | null][])('of %s is told by what it is', async (_, handle, reason) => {
    // What looks like an answer is judged by the command, which knows what it asked for.
    if (reason === null) expect(await getFrom(handle)).toEqual([]);
    else await expect(getFrom(handle)).rejects.toThrow(reason);
  });

  it('is followed on the same host, a few times', async () => {
    const port = await serve((request, answer) => {
      if (request.url?.startsWith('/new/')) json(200, { nodes: [1] })(request, answer);
      else answer.writeHead(307, { location: `/new${request.url}` }).end();
    });
    expect(await createUrlReader(`127.0.0.1:${port}`).getJson('/api/v1/nodes')).toEqual({ nodes: [1] });
    await expect(
      getFrom((request, answer) => answer.writeHead(302, { location: request.url }).end()),
    ).rejects.toThrow('sends on and on');
  });

  it.each(['http://elsewhere.example/login', 'ftp://127.0.0.1/', 'http://', '//elsewhere.example/'])(
    'that sends on to %s is not followed',
    async (location) => {
      await expect(getFrom((_, answer) => answer.writeHead(302, { location }).end())).rejects.toThrow(
        'which is not followed',
      );
    },
  );
});

describe('no answer', () => {
  it('is told where nobody listens', async () => {
    const server = createTcpServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
      });
    });
    await expect(createUrlReader(`127.0.0.1:${port}`).getJson('/api/v1/nodes')).rejects.toThrow(
      `http://127.0.0.1:${port}/api/v1/nodes refused the connection`,
    );
  });

  it('is told where the other side speaks no TLS', async () => {
    const port = await serve(json(200, { nodes: [] }));
    await expect(createUrlReader(`https://127.0.0.1:${port}`).getJson('/api/v1/nodes')).rejects.toThrow(
      'does not speak TLS; try http://',
    );
  });

  it.each([
    ['ENOTFOUND', 'the name head does not resolve'],
    ['EHOSTUNREACH', 'cannot be reached'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'NODE_EXTRA_CA_CERTS=FILE'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'NODE_EXTRA_CA_CERTS=FILE'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'is for another name'],
    ['CERT_HAS_EXPIRED', 'has expired'],
    ['EWHATEVER', 'cannot be asked: words of the system'],
  ])('with the code %s says what to try', (code, remedy) => {
    const unanswered = {
      url: 'https://head/',
      host: 'head',
      limitMs: 10_000,
      signal: new AbortController().signal,
    };
    const error = Object.assign(new Error('words of the system'), { code });
    expect(explainNoAnswer(error, unanswered).message).toContain(remedy);
    expect(explainNoAnswer(error, { ...unanswered, signal: AbortSignal.abort() }).message).toBe(
      'https://head/ did not answer within 10 s',
    );
  });
});
