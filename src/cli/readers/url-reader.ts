import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { visibleText } from '../../lib/visible-text.ts';
import { UsageError } from '../usage/usage-error.ts';
import type { Reader } from './reader.ts';
import { explainNoAnswer } from './url-errors.ts';

/** All of an answer, with what it is sent on to. */
const ANSWER_LIMIT_MS = 10_000;
/** Ten thousand nodes say a tenth of it. */
const MOST_BYTES = 256 * 1024 ** 2;
const MOST_REDIRECTS = 3;
const EXAMPLE = 'http://HOST:7070/';

type Send = (url: URL, options: RequestOptions, done: (answer: IncomingMessage) => void) => ClientRequest;

interface Answer {
  status: number;
  /** Null where it is no JSON. */
  body: unknown;
}

/** A head that is asked as a browser asks it: by the address of its page, without any rights. Throws `UsageError`. */
export function createUrlReader(text: string): Reader {
  const base = parseHeadUrl(text);
  return {
    url: shown(base),
    own: null,
    async getJson(path) {
      const url = new URL(path.replace(/^\/+/, ''), base);
      return judge(base, await ask(url, AbortSignal.timeout(ANSWER_LIMIT_MS)));
    },
  };
}

/** `gpu-head:7070`, `https://proxy/rollcall`: where the paths of a head begin. Throws `UsageError`. */
export function parseHeadUrl(text: string): URL {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new UsageError(
      `"${visibleText(text)}" is not the address of a page; give it as ${EXAMPLE} (--url or ROLLCALL_URL)`,
    );
  }
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** Without a name and password that may stand in it. */
const shown = ({ origin, pathname }: URL) => `${origin}${pathname}`;

async function ask(url: URL, signal: AbortSignal, redirects = 0): Promise<Answer> {
  try {
    const answer = await open(url, signal);
    const status = answer.statusCode ?? 0;
    const next = status >= 300 && status < 400 ? answer.headers.location : undefined;
    if (next === undefined) return { status, body: parseJson(await readAll(answer, url)) };
    answer.destroy();
    return await ask(redirected(url, next, redirects), signal, redirects + 1);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw explainNoAnswer(error, { url: shown(url), host: url.hostname, limitMs: ANSWER_LIMIT_MS, signal });
  }
}

async function open(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const send: Send = url.protocol === 'https:' ? (await import('node:https')).request : request;
  return new Promise((resolve, reject) => {
    const asked = send(url, { signal, headers: { accept: 'application/json' } }, resolve);
    asked.on('error', reject);
    asked.end();
  });
}

/** A login page on another host is no head, and must not be told what was asked for. */
function redirected(from: URL, location: string, redirects: number): URL {
  const to = URL.canParse(location, from) ? new URL(location, from) : null;
  const isSafe = to?.protocol === 'https:' || (to?.protocol === 'http:' && from.protocol === 'http:');
  if (to === null || to.hostname !== from.hostname || !isSafe) {
    const remedy = to === null ? '' : `; if the head is there: --url ${to.origin}/`;
    throw new UsageError(
      `${shown(from)} sends on to ${to?.origin ?? 'nowhere'}, which is not followed${remedy}`,
    );
  }
  if (redirects >= MOST_REDIRECTS) throw new UsageError(`${shown(from)} sends on and on; check the address`);
  return to;
}

async function readAll(answer: IncomingMessage, url: URL): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length;
    if (bytes > MOST_BYTES) throw new UsageError(`${shown(url)} answers with more than a head would say`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

interface Refusal {
  code: string;
  message: string;
}

function refusalOf(body: unknown): Refusal | null {
  const { error } = (typeof body === 'object' && body !== null ? body : {}) as { error?: Partial<Refusal> };
  const { code, message } = error ?? {};
  return typeof code === 'string' && typeof message === 'string' ? { code, message } : null;
}

/** What a head says, a question that it does not understand included; null for what it does not know. */
function judge(base: URL, { status, body }: Answer): unknown {
  const place = shown(base);
  const refusal = refusalOf(body);
  if (refusal === null && status === 200 && typeof body === 'object' && body !== null) return body;
  if (refusal === null || status === 200) {
    if (status === 401 || status === 403 || status === 407)
      throw new UsageError(`${place} answers ${status}: something before the head asks for a login`);
    if (status >= 500)
      throw new UsageError(`${place} answers ${status}: the head or what stands before it fails`);
    throw new UsageError(
      `${place} is not the page of a Rollcall (it answers ${status}); give it as ${EXAMPLE}`,
    );
  }
  if (status === 400) return body;
  if (status === 404) return null;
  if (refusal.code === 'host-not-allowed') {
    throw new UsageError(
      `the head does not answer under the name ${base.hostname}: give its IP address, ` +
        'or have its owner add the name to allowed-hosts in rollcall.toml',
    );
  }
  throw new UsageError(`${place} answers ${status}: ${visibleText(refusal.message)}`);
}
