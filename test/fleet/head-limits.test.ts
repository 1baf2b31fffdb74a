import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { fleet, requireFleet, runProgram } from './fleet.ts';

const DESCRIPTORS = 128;
const NODES = 24;
const BROWSERS = 100;

/** The system's ssh takes several descriptors for each node: fewer nodes reach the limit. */
const settings = '[nodes."n*"]\ntransport = "openssh"\n';

describe.runIf(fleet)('a head that may open few files', () => {
  let head: HeadProcess;
  const browsers: Socket[] = [];

  beforeAll(async () => {
    const { sshConfigFile, address } = requireFleet();
    head = createHeadProcess(join(requireFleet().state, 'ssh_config-many'), settings);
    const names = Array.from({ length: NODES }, (_, at) => `n1-${at}`);
    const many = `Host n1-*\n  HostName ${address(1)}\n`;
    writeFileSync(join(requireFleet().state, 'ssh_config-many'), many + readFileSync(sshConfigFile, 'utf8'));
    head.writeList(names.join('\n'));
    const limited = ['-c', `ulimit -n ${DESCRIPTORS}; exec "$@"`, 'bash', ...head.startWords];
    expect(await runProgram('bash', limited, 60_000)).toMatchObject({ code: 0 });
  }, 90_000);
  afterAll(async () => {
    for (const browser of browsers) browser.destroy();
    await head?.dispose();
  }, 30_000);

  it('keeps the page for browsers, and says of the nodes that it cannot go to why', async () => {
    const { port } = new URL(head.record().url);
    for (let at = 0; at < BROWSERS; at++) {
      const browser = connect(Number(port), '127.0.0.1');
      browser.on('error', () => undefined);
      browsers.push(browser);
    }
    const states = async () => (await head.nodes()).map(({ state, cause }) => cause ?? state);
    const count = async () => {
      const now = await states();
      return now.filter((state) => state === 'live' || state === 'stale' || state === 'head-limit').length;
    };
    await expect.poll(count, { timeout: 90_000, interval: 500 }).toBe(NODES);
    expect(new Set(await states())).toContain('head-limit');
    expect((await states()).filter((state) => state !== 'head-limit').length).toBeGreaterThan(3);
    expect((await head.get('/', { accept: 'text/html' })).status).toBe(200);
    const refused = (await head.nodes()).find(({ cause }) => cause === 'head-limit');
    expect(refused?.message).toContain(`(limit ${DESCRIPTORS})`);
    expect(refused?.message).toContain('are kept for browsers and for itself');
    expect(refused?.hint).toContain('ulimit -n');
  }, 120_000);

  it('has room again once nodes have left', async () => {
    head.writeList('n1-0\nn1-23\n');
    await expect.poll(async () => (await head.nodes()).length, { timeout: 20_000 }).toBe(2);
    expect((await head.rollcall('retry', '--all')).code).toBe(0);
    await expect
      .poll(async () => (await head.nodes()).map(({ state }) => state), { timeout: 60_000, interval: 300 })
      .toEqual(['live', 'live']);
  }, 90_000);
});
