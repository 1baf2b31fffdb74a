import { escapeHtml } from '../lib/escape-html.ts';
import { formatMoment, isoMoment } from '../lib/format.ts';

/** A page of a former moment, made of one as it is rendered for now. */

/** Links to pages that there are of former moments; one job and one user have a page with all their time instead. */
const PAGE_LINK = / href="(\/(?:gpus|jobs|users|nodes\/[^"?#/]+)?)(\?[^"#]*)?(#[^"]*)?"/g;
/** Forms that ask for such a page; what they send stands in their fields. */
const SEARCH_FORM = /<form\b(?=[^>]* action="\/(?:gpus|jobs|users)?")(?![^>]*\bmethod="post")[^>]*>/gi;
const REFRESH = /<noscript><meta http-equiv="refresh"[^>]*><\/noscript>\n?/gi;

/** As `?at=` has it: `2026-11-30T02:12:00.000Z`. */
const momentWord = (atMs: number) => new Date(atMs).toISOString();

function strip(atMs: number, nowPath: string): string {
  const time = `<time datetime="${isoMoment(atMs)}">${formatMoment(atMs)}</time>`;
  const link = `<a href="${escapeHtml(nowPath)}">Now</a>`;
  return `<aside class="then-strip" aria-label="A former moment"><p>This is ${time} · ${link}</p></aside>`;
}

/**
 * Says of which moment (epoch ms) the page is, in words and as `data-at`; its links and searches stay there, and it is
 * not loaded anew by itself. `nowPath`: where the same is shown as it is now. Pure.
 */
export function pastPage(html: string, atMs: number, nowPath: string): string {
  const at = momentWord(atMs);
  const word = `at=${encodeURIComponent(at)}`;
  return html
    .replace(REFRESH, '')
    .replace(
      PAGE_LINK,
      (_, path: string, query = '', hash = '') =>
        ` href="${path}${query ? `${query}&amp;` : '?'}${word}${hash}"`,
    )
    .replace(SEARCH_FORM, (tag) => `${tag}<input type="hidden" name="at" value="${at}">`)
    .replace(/<html\b/i, `<html data-at="${Math.round(atMs)}"`)
    .replace(/<body\b[^>]*>/i, (tag) => tag + strip(atMs, nowPath));
}
