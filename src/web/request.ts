import { createHash, timingSafeEqual } from 'node:crypto';
import type { HonoRequest } from 'hono';

/** `?term`, `Accept: text/plain`, or curl and Wget unless they ask for HTML. */
export function wantsText(request: HonoRequest): boolean {
  if (request.query('term') !== undefined) return true;
  const accept = request.header('accept') ?? '';
  if (accept.includes('text/html')) return false;
  return accept.includes('text/plain') || /^(?:curl|Wget)\//.test(request.header('user-agent') ?? '');
}

/** Compares digests, so that neither the time nor a length tells anything about the token. */
export function hasToken(request: HonoRequest, token: string): boolean {
  const given = /^Bearer\s+(\S+)\s*$/i.exec(request.header('authorization') ?? '')?.[1];
  if (given === undefined || token === '') return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
