import { expect, test } from 'vitest';
import { pastPage } from './past-page.ts';

const AT = Date.UTC(2026, 10, 30, 2, 12);
const WORD = 'at=2026-11-30T02%3A12%3A00.000Z';
const linkOf = (href: string) =>
  /<a href="([^"]*)">x</.exec(pastPage(`<a href="${href}">x</a>`, AT, '/'))?.[1];

test('links to pages stay at the moment, and all others are as they were', () => {
  expect(linkOf('/')).toBe(`/?${WORD}`);
  expect(linkOf('/gpus?q=is%3Afree&amp;sort=-util')).toBe(`/gpus?q=is%3Afree&amp;sort=-util&amp;${WORD}`);
  expect(linkOf('/nodes/gpu01')).toBe(`/nodes/gpu01?${WORD}`);
  expect(linkOf('/jobs#top')).toBe(`/jobs?${WORD}#top`);
  expect(linkOf('/users')).toBe(`/users?${WORD}`);
  for (const other of [
    '#gpu01',
    '/static/style.css',
    '/api/v1/nodes',
    '/enter',
    '/jobs/slurm%3A7',
    '/users/alice',
    '/nodesque',
    '//evil.example/jobs',
    'https://example.org/jobs',
    '/gpus.html.evil',
  ])
    expect(linkOf(other)).toBe(other);
});

test('a search goes on at the moment, a button does not', () => {
  const search = pastPage('<form id="search" action="/jobs"><input name="q"></form>', AT, '/jobs');
  expect(search).toContain(
    '<form id="search" action="/jobs"><input type="hidden" name="at" value="2026-11-30T02:12:00.000Z"><input name="q">',
  );
  const retry = '<form method="post" action="/nodes/gpu01/retry"></form>';
  expect(pastPage(retry, AT, '/')).toBe(retry);
});

test('the page says which moment it is, and leads back to now', () => {
  const html =
    '<!doctype html><html lang="en"><head><noscript><meta http-equiv="refresh" content="60"></noscript></head><body data-x="1"><main></main></body></html>';
  const past = pastPage(html, AT, '/jobs?q="<&limit=5');
  expect(past).toContain(`<html data-at="${AT}" lang="en">`);
  expect(past).toContain(
    '<body data-x="1"><aside class="then-strip" aria-label="A former moment"><p>This is <time datetime="2026-11-30T02:12:00.000Z">2026-11-30 02:12:00 UTC</time> · <a href="/jobs?q=&quot;&lt;&amp;limit=5">Now</a></p></aside><main>',
  );
  expect(past).not.toContain('refresh');
});
