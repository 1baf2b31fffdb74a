import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { NodeReport } from '../../src/report/node-report.ts';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { sshConfig } from './faulty-nodes.ts';
import { createWorkFolder, fleet, requireFleet } from './fleet.ts';
import { addHostileAccounts, allHostileNodes, FIRST_SERVER_PORT, hostileServers } from './hostile-nodes.ts';
import { awaitToldAlike, readHeadLog } from './told.ts';

const FRESH_MS = 5_000;
const WATCHED_MS = 30_000;
/** An idle head has about 90 MB, half of it Node.js; V8 may let some 100 MB of rubbish lie about. */
const MAX_RESIDENT_MIB = 350;
/** 1 MiB, and what was written before its size was looked at. */
const MAX_LOG_BYTES = 1024 * 1024 + 8192;
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** Nodes that turn on the head, beside good ones. */
describe.runIf(fleet)('hostile nodes', () => {
  const folder = fleet ? createWorkFolder() : { path: '', remove: () => undefined };
  const good = ['beside-1', 'beside-3'];
  let head: HeadProcess;
  const residentMiB: number[] = [];
  const goodAgesMs: number[] = [];
  const causes = new Map<string, Set<string>>();
  let slowestAnswerMs = 0;
  let stopServers: () => Promise<unknown> = async () => undefined;

  const reportOf = async (name: string): Promise<NodeReport> => {
    const report = await head.node(name);
    if (report === null) throw new Error(`${name} is not in the list`);
    return report;
  };
  const readResidentMiB = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${head.record().pid}/status`, 'utf8'))?.[1]) / 1024;

  beforeAll(async () => {
    const { address, exec } = requireFleet();
    addHostileAccounts(2);
    const config = join(folder.path, 'ssh_config');
    const ports = hostileServers.map((_, at) => FIRST_SERVER_PORT + at);
    const pids = await Promise.all(
      ports.map((port) => exec(2, `node /opt/server-${port}.cjs </dev/null >/dev/null 2>&1 & echo $!`)),
    );
    stopServers = () => exec(2, `kill -9 ${pids.join(' ').replaceAll('\n', ' ')}; true`);
    const hostile = allHostileNodes.map(({ name, server }, at) => [
      name,
      [
        `HostName ${address(2)}`,
        server ? `Port ${ports[at - allHostileNodes.length + ports.length]}` : `User ${name}`,
      ],
    ]);
    writeFileSync(
      config,
      sshConfig({
        ...Object.fromEntries(hostile),
        'beside-1': [`HostName ${address(1)}`],
        'beside-3': [`HostName ${address(3)}`],
      }),
    );
    // As while somebody looks.
    head = createHeadProcess(config, 'interval-seconds = 1\n');
    head.writeList(good.join('\n'));
    expect(await head.start()).toMatchObject({ code: 0, stderr: '' });
    for (const name of good)
      await vi.waitFor(async () => expect((await reportOf(name)).state).toBe('live'), 20_000);
    const before = readResidentMiB();
    head.writeList([...good, ...allHostileNodes.map(({ name }) => name)].join('\n'));
    const startedMs = performance.now();
    await vi.waitFor(
      async () => {
        await look();
        expect(performance.now() - startedMs).toBeGreaterThan(WATCHED_MS);
      },
      { timeout: WATCHED_MS + 10_000, interval: 200 },
    );
    const highest = (values: number[]) => Math.round(Math.max(...values));
    console.log(
      `head beside ${allHostileNodes.length} hostile nodes: ${Math.round(before)} MiB resident before, ` +
        `${highest(residentMiB)} MiB at most; good samples ${highest(goodAgesMs)} ms old at most; ` +
        `slowest answer ${Math.round(slowestAnswerMs)} ms`,
    );
  }, 120_000);
  afterAll(async () => {
    await head?.dispose();
    await stopServers();
    folder.remove();
  });

  async function look(): Promise<void> {
    const askedMs = performance.now();
    const reports = await head.nodes();
    slowestAnswerMs = Math.max(slowestAnswerMs, performance.now() - askedMs);
    residentMiB.push(readResidentMiB());
    for (const { name, cause, sampleAgeMs } of reports) {
      if (good.includes(name)) goodAgesMs.push(sampleAgeMs ?? Number.POSITIVE_INFINITY);
      const seen = causes.get(name) ?? new Set();
      causes.set(name, seen.add(cause ?? 'none'));
    }
  }

  it('do not make the head grow', () => {
    expect(residentMiB.length).toBeGreaterThan(50);
    expect(Math.max(...residentMiB)).toBeLessThan(MAX_RESIDENT_MIB);
  });

  it('do not make the good nodes old', () => {
    expect(Math.max(...goodAgesMs)).toBeLessThan(FRESH_MS);
    for (const name of good) expect([...(causes.get(name) ?? [])]).toEqual(['none']);
  });

  it('do not keep the head from answering', () => {
    // A page that comes later than its figures are good for is no page.
    expect(slowestAnswerMs).toBeLessThan(FRESH_MS);
  });

  it.each(allHostileNodes)('$name is told as $cause', async ({ name, cause, message }) => {
    await vi.waitFor(
      async () => {
        const report = await reportOf(name);
        expect(report.cause).toBe(cause);
        expect(report.message ?? '').toMatch(message);
      },
      { timeout: 25_000, interval: 100 },
    );
    expect((await reportOf(name)).message ?? '').not.toMatch(CONTROL);
  });

  it('are told alike on the page, in the API, in the status and in the log', async () => {
    await awaitToldAlike(
      head,
      allHostileNodes.filter(({ cause }) => cause !== null).map(({ name }) => name),
    );
  }, 60_000);

  it('send absurd figures that become null, with an error of their collector', async () => {
    const { sample, hello } = await reportOf('absurd');
    expect(hello).toMatchObject({ cores: null, threads: null, memoryTotalBytes: null });
    expect(sample).toMatchObject({ intervalMs: null, takenAtMs: null });
    expect(sample?.gpus?.map(({ health }) => health)).toEqual(['ok', 'error']);
    // Of nine absurd values one is null itself: that is no fault.
    await vi.waitFor(async () => {
      const now = (await reportOf('absurd')).sample;
      expect(now?.cpu?.totalPercent).toBeNull();
      expect(now?.collectors.cpu).toMatchObject({
        ok: false,
        error: expect.stringContaining('out of range'),
      });
    }, 10_000);
  });

  it('get neither markup nor terminal escapes into page, text, command line and logs', async () => {
    const pages = [
      await head.get('/?rows=full'),
      await head.get('/nodes/markup'),
      await head.get('/nodes/evil-bye'),
    ];
    const terminal = [
      (await head.get('/?term')).text,
      (await head.get('/nodes/markup?term')).text,
      (await head.get('/nodes/evil-bye?term')).text,
      (await head.rollcall('status')).stdout,
      (await head.rollcall('show', 'markup')).stdout,
      (await head.rollcall('show', 'evil-bye')).stdout,
    ];
    for (const { status, text } of pages) {
      expect(status).toBe(200);
      expect(text).not.toMatch(CONTROL);
      expect(text).not.toContain('<img src=x');
    }
    for (const text of terminal) expect(text).not.toMatch(CONTROL);
    // It is there, and only made harmless.
    expect(pages[1]?.text).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(terminal[1]).toContain('\\x1b[2J');
  });

  it('are asked less and less often', async () => {
    for (const name of ['bye-loop', 'message-flood', 'evil-bye']) {
      const log = readHeadLog(head, await reportOf(name));
      const failures = log.filter(({ text }) => /^(protocol|monitor-crashed): /.test(text));
      const waitsMs = failures.flatMap((failure) => {
        const next = log.slice(log.indexOf(failure)).find(({ text }) => text.startsWith('name: '));
        return next ? [next.atMs - failure.atMs] : [];
      });
      // A second, two, four, eight …, each less up to half of it.
      expect(waitsMs.length).toBeGreaterThan(2);
      for (const [at, waitMs] of waitsMs.entries()) expect(waitMs).toBeGreaterThan(500 * 2 ** at - 50);
    }
  });

  it('do not fill the disk of the head with their words', async () => {
    for (const { name } of allHostileNodes) {
      const report = await reportOf(name);
      expect(statSync(report.logPath ?? '').size).toBeLessThan(MAX_LOG_BYTES);
      const log = readHeadLog(head, report);
      expect(log.length).toBeGreaterThan(0);
      for (const { text } of log) {
        expect(text).not.toMatch(CONTROL);
        expect(text.length).toBeLessThanOrEqual(2048);
      }
    }
  });
});
