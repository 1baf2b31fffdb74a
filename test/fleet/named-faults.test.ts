import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { NodeReport } from '../../src/report/node-report.ts';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { faultyNodes, helpers, provoke, sshConfig } from './faulty-nodes.ts';
import { createWorkFolder, fleet, requireFleet } from './fleet.ts';
import { startResolver } from './resolver.ts';
import { awaitToldAlike, readHeadLog } from './told.ts';

const STAGE_LIMIT_MS = 10_000;
const SHOWN_WITHIN_MS = 2_000;

/** Every cause, provoked on real servers, as people get to see it. */
describe.runIf(fleet)('every fault is named', () => {
  const folder = fleet ? createWorkFolder() : { path: '', remove: () => undefined };
  const nodes = fleet ? faultyNodes(folder.path) : [];
  const good = ['good-1', 'good-3', 'by-hosts-file', 'lost-path'];
  let head: HeadProcess;
  let startedMs = 0;
  let heal: () => Promise<void> = async () => undefined;
  let stopResolver: () => Promise<void> = async () => undefined;
  /** When each node's cause was first seen in the API, epoch ms. */
  const seenMs = new Map<string, number>();

  beforeAll(async () => {
    const { address } = requireFleet();
    const entries: Record<string, string[]> = {
      ...Object.fromEntries(nodes.map(({ name, settings }) => [name, settings])),
      ...helpers(),
      'good-1': [`HostName ${address(1)}`],
      'good-3': [`HostName ${address(3)}`],
    };
    const config = join(folder.path, 'ssh_config');
    writeFileSync(config, sshConfig(entries));
    stopResolver = await startResolver(`${address(1)} good.hosts.test\n`);
    heal = await provoke(folder.path);
    head = createHeadProcess(config);
    head.writeList([...nodes.map(({ name }) => name), ...good].join('\n'));
    startedMs = Date.now();
    const { code, stderr } = await head.start();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await vi.waitFor(seeCauses, { timeout: 40_000, interval: 50 });
  }, 90_000);
  afterAll(async () => {
    await head?.dispose();
    await heal();
    await stopResolver();
    folder.remove();
  });

  async function seeCauses(): Promise<void> {
    const reports = await head.nodes();
    for (const { name, cause } of reports) if (cause && !seenMs.has(name)) seenMs.set(name, Date.now());
    const missing = nodes.filter(({ name }) => !seenMs.has(name)).map(({ name }) => name);
    if (missing.length > 0) throw new Error(`no cause yet: ${missing.join(', ')}`);
  }

  async function reportOf(name: string): Promise<NodeReport> {
    const report = await head.node(name);
    if (report === null) throw new Error(`${name} is not in the list`);
    return report;
  }

  const live = (name: string, timeout = 30_000) =>
    vi.waitFor(async () => expect((await reportOf(name)).state).toBe('live'), { timeout, interval: 100 });

  it.each(nodes)('$name: $cause', async ({ name, cause, message, said }) => {
    // One that is tried again may be between two failures.
    await vi.waitFor(async () => expect((await reportOf(name)).cause).toBe(cause), 20_000);
    const report = await reportOf(name);
    expect(report.message).toMatch(message);
    expect(report.hint).not.toBe('');
    expect(report.state).toBe('unreachable');
    if (said) expect(report.lastLines.join('\n')).toMatch(said);
  });

  it.each(nodes.filter(({ limit }) => limit))(
    '$name is given up after 10 s and shown within 2 s',
    async ({ name, cause, limit }) => {
      const log = readHeadLog(head, await reportOf(name));
      const failed = log.findIndex(({ text }) => text.startsWith(`${cause}: `));
      const failedMs = log[failed]?.atMs ?? Number.NaN;
      const before = log.slice(0, failed).findLast(({ text }) => limit?.after?.test(text));
      const sinceMs = limit?.after ? (before?.atMs ?? Number.NaN) : startedMs;
      if (limit?.after) expect(failedMs - sinceMs).toBeGreaterThan(STAGE_LIMIT_MS - 200);
      // The head itself takes a moment to start.
      const extraMs = limit?.after ? 0 : 5_000;
      expect(failedMs - sinceMs).toBeLessThan(STAGE_LIMIT_MS + SHOWN_WITHIN_MS + extraMs);
      expect((seenMs.get(name) ?? Number.NaN) - failedMs).toBeLessThan(SHOWN_WITHIN_MS);
    },
  );

  it('is told alike on the page, in the API, in the status and in the log', async () => {
    await awaitToldAlike(
      head,
      nodes.map(({ name }) => name),
    );
  }, 60_000);

  it('lets the others live, also those whose names need no resolver', async () => {
    await Promise.all(good.map((name) => live(name)));
    // It was tried after five names for which a thread each waits, and did not wait with them.
    const log = readHeadLog(head, await reportOf('by-hosts-file')).map(({ text }) => text);
    expect(log.filter((text) => text.startsWith('dns: '))).toEqual([]);
  });
});

describe.runIf(fleet)('a head without OpenSSH', () => {
  it('says what is missing and how to get it', async () => {
    const folder = createWorkFolder();
    const programs = join(folder.path, 'bin');
    mkdirSync(programs);
    for (const place of ['/bin', '/usr/bin', '/usr/local/bin'])
      for (const name of readdirSync(place))
        if (!name.startsWith('ssh') && !existsSync(join(programs, name)))
          symlinkSync(join(place, name), join(programs, name));
    const path = process.env.PATH;
    process.env.PATH = programs;
    const head = createHeadProcess(null);
    try {
      head.writeList('n1\n');
      expect(await head.start()).toMatchObject({ code: 0, stderr: '' });
      const cause = async () => (await head.node('n1'))?.cause;
      await vi.waitFor(async () => expect(await cause()).toBe('tool-missing'), 5_000);
      const report = await head.node('n1');
      expect(report?.message).toBe('ssh is missing on this machine.');
      expect(report?.hint).toContain('apt-get install');
      await awaitToldAlike(head, ['n1'], 10_000);
    } finally {
      process.env.PATH = path;
      await head.dispose();
      folder.remove();
    }
  });
});
