import { accessSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

/** The system's Chromium, which needs no download. */
export const CHROMIUM = '/usr/bin/chromium';

export const hasChromium = (() => {
  try {
    accessSync(CHROMIUM);
    return true;
  } catch {
    return false;
  }
})();

const quiet =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** Another name of this machine, over plain http: no secure context. */
export const PLAIN_HOST = 'head.example';

export const launchChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [...quiet.split(' '), `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`],
  });

/** Hears what a page complains about: its console, its errors, answers that are errors, requests that leave `origin`. */
export function listenForComplaints(page: Page, origin: string, complain: (text: string) => void): void {
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complain(message.text());
  });
  page.on('pageerror', (error) => complain(String(error)));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complain(`request to ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) complain(`${response.status()} for ${response.url()}`);
  });
}
