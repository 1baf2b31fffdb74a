import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { NodeReport } from '../../src/report/node-report.ts';
import type { HeadProcess } from '../head-process.ts';
import { attributeOf, elementsOf, parseElements, textOf } from '../support/read-html.ts';

/** One line of a node's log on the head. */
export interface LogLine {
  atMs: number;
  text: string;
}

/** What one head wrote about a node; other heads may write to the same file. */
export function readHeadLog(head: HeadProcess, report: Pick<NodeReport, 'logPath'>): LogLine[] {
  const id = readFileSync(join(head.folder, 'state', 'head-id'), 'utf8').trim();
  const path = report.logPath ?? '';
  // The older half lies beside it once it was full.
  const texts = [`${path}.1`, path].filter(existsSync).map((file) => readFileSync(file, 'utf8'));
  return texts
    .join('')
    .split('\n')
    .filter((line) => line.includes(` head ${id} `))
    .map((line) => {
      const [time = '', , , ...words] = line.split(' ');
      return { atMs: Date.parse(time), text: words.join(' ') };
    });
}

/** The text of each node's place on the page. */
function readPage(html: string): Map<string, string> {
  const places = new Map<string, string>();
  for (const section of parseElements(html).filter((element) =>
    attributeOf(element, 'class')?.split(' ').includes('node'),
  )) {
    const named = [section, ...elementsOf(section)].map((element) => attributeOf(element, 'id'));
    for (const id of named) if (id !== null) places.set(id, textOf(section));
  }
  return places;
}

/** Where a node's failure is told otherwise than in the API; empty when it is the same everywhere. */
async function differences(head: HeadProcess, names: readonly string[]): Promise<string[]> {
  const reports = new Map((await head.nodes()).map((report) => [report.name, report]));
  const [page, status] = await Promise.all([head.get('/?rows=full'), head.rollcall('status')]);
  const places = readPage(page.text);
  return names.flatMap((name) => {
    const report = reports.get(name);
    if (!report?.message || !report.hint) return [`${name}: nothing in the API`];
    const words = [report.message, report.hint, ...report.lastLines];
    const log = readHeadLog(head, report);
    const place = places.get(name) ?? '';
    const missing = words.flatMap((word) => [
      ...(place.includes(word) ? [] : [`page: ${word}`]),
      ...(status.stdout.includes(word) ? [] : [`status: ${word}`]),
    ]);
    const told = `${report.cause}: ${report.message} ${report.hint}`;
    if (!log.some((line) => line.text === told)) missing.push(`log: ${told}`);
    for (const line of report.lastLines)
      if (!log.some(({ text }) => text.includes(line))) missing.push(`log: ${line}`);
    return missing.map((text) => `${name}: ${text}`);
  });
}

/** Waits until these nodes' failures are told alike everywhere; what was found alike once is not asked again. */
export async function awaitToldAlike(
  head: HeadProcess,
  names: readonly string[],
  limitMs = 30_000,
): Promise<void> {
  let left = names;
  await vi.waitFor(
    async () => {
      const found = await differences(head, left);
      left = left.filter((name) => found.some((text) => text.startsWith(`${name}: `)));
      expect(found).toEqual([]);
    },
    { timeout: limitMs, interval: 500 },
  );
}
