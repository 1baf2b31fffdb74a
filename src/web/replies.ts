import type { Context } from 'hono';
import { escapeHtml } from '../lib/escape-html.ts';
import { visibleText, withoutControls } from '../lib/visible-text.ts';
import type { PageRequest } from '../render/page-request.ts';

/** What is said where there is nothing to show, as a program, a terminal or a browser reads it. */

/** Whether a program asks. */
export const isApi = (context: Context) =>
  context.req.path === '/api' || context.req.path.startsWith('/api/');

/** With a code for programs and a sentence for people. */
export function jsonError(
  context: Context,
  status: 400 | 401 | 403 | 404 | 500,
  code: string,
  message: string,
): Response {
  return context.json({ error: { code, message } }, status);
}

/** A whole page of one sentence. */
export function messagePage(title: string, sentence: string): string {
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${title} · Rollcall</title>` +
    '<meta name="viewport" content="width=device-width, initial-scale=1">' +
    '<link rel="stylesheet" href="/static/style.css"><script src="/static/theme.js"></script></head>' +
    '<body><main class="message">' +
    `<h1>${title}</h1><p>${escapeHtml(withoutControls(sentence))}</p>` +
    '<p><a href="/">All nodes</a></p></main></body></html>\n'
  );
}

/** The sentence for a node that is in no list. */
export const unknownNode = (name: string) => `There is no node "${name}" in the node list.`;

/** The sentence for the one that a page is about, and that is not there. */
export function unknownOne({ view, only }: PageRequest): string {
  if (view === 'job')
    return `There is no job "${only}" now: it has ended, or its node does not tell of it yet.`;
  return view === 'user' ? `Nothing is known of a user "${only}".` : unknownNode(only ?? '');
}

/** A refusal as a program, a terminal or a browser reads it. */
export function refuseInKind(
  request: Request,
  status: 400 | 404 | 503,
  code: string,
  message: string,
): Response {
  if (new URL(request.url).pathname.startsWith('/api/'))
    return Response.json({ error: { code, message: visibleText(message) } }, { status });
  const isText = !(request.headers.get('accept') ?? '').includes('text/html');
  const body = isText ? `${visibleText(message)}\n` : messagePage('Not then', message);
  const type = isText ? 'text/plain' : 'text/html';
  return new Response(body, { status, headers: { 'Content-Type': `${type}; charset=utf-8` } });
}
