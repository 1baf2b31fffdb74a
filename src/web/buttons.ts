import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

/**
 * Who may press buttons on the page. Loopback is not private on a shared head, so a browser needs a cookie, which it
 * gets through an address that `rollcall link` prints: good once, and for ten minutes.
 */
export interface Buttons {
  /** A new one-time path. */
  link(): string;
  /** Gives the browser its cookie; false where the code is spent, old or wrong. */
  enter(context: Context): boolean;
  /** True for a browser with the cookie on a page of our own. */
  mayPress(context: Context): boolean;
}

const COOKIE = 'rollcall';
const LINK_LIFE_MS = 10 * 60_000;
const COOKIE_LIFE_SECONDS = 90 * 24 * 3600;
const MAX_LINKS = 20;

/** `token`: the head's own; `nowMs`: epoch ms. */
export function createButtons(token: string, nowMs: () => number = Date.now): Buttons {
  const links = new Map<string, number>();
  // Not the token itself: a browser's cookie opens nothing but the page.
  const cookie = createHmac('sha256', token).update('buttons of the page').digest('hex');

  function isSame(given: string): boolean {
    const [left, right] = [Buffer.from(given), Buffer.from(cookie)];
    return left.length === right.length && timingSafeEqual(left, right);
  }

  /** A form on a stranger's page is sent with that page's origin. */
  function isOwnPage(context: Context): boolean {
    const site = context.req.header('sec-fetch-site');
    if (site !== undefined) return site === 'same-origin';
    const origin = context.req.header('origin');
    return (
      origin !== undefined && URL.canParse(origin) && new URL(origin).host === context.req.header('host')
    );
  }

  return {
    link() {
      const code = randomBytes(16).toString('hex');
      links.set(code, nowMs() + LINK_LIFE_MS);
      for (const oldest of links.keys()) if (links.size > MAX_LINKS) links.delete(oldest);
      return `/enter?code=${code}`;
    },
    enter(context) {
      const code = context.req.query('code') ?? '';
      const goodUntilMs = links.get(code) ?? 0;
      links.delete(code);
      if (nowMs() >= goodUntilMs || token === '') return false;
      setCookie(context, COOKIE, cookie, {
        httpOnly: true,
        sameSite: 'Strict',
        path: '/',
        maxAge: COOKIE_LIFE_SECONDS,
      });
      return true;
    },
    mayPress: (context) => token !== '' && isSame(getCookie(context, COOKIE) ?? '') && isOwnPage(context),
  };
}
