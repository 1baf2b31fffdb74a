import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { createWorkFolder, fleet, requireFleet } from './fleet.ts';

/** Many nodes at once: what they share is used once, and what is broken is not knocked at by all of them. */
describe.runIf(fleet)('a crowd of nodes', () => {
  let head: HeadProcess;
  let folder: ReturnType<typeof createWorkFolder>;
  let server: Server | null = null;
  beforeEach(() => {
    folder = createWorkFolder();
  });
  afterEach(async () => {
    await head.dispose();
    folder.remove();
    server?.close();
    for (const name of readdirSync('/tmp'))
      if (/^monitor-crowd-\d+\./.test(name)) rmSync(join('/tmp', name), { force: true });
  });

  function startHead(sshLines: readonly string[], list: string) {
    const config = join(folder.path, 'ssh_config');
    const shared = readFileSync(requireFleet().sshConfigFile, 'utf8');
    writeFileSync(config, `Host crowd-*\n  ${sshLines.join('\n  ')}\n\n${shared}`);
    head = createHeadProcess(config);
    head.writeList(list);
    return head.start();
  }

  it('with one home gets its runtime once, though a hundred nodes miss it together', async () => {
    const { bareNode, address, exec, hostKey, identityFile } = requireFleet();
    const receivedBytes = async () =>
      Number(/eth0:\s*(\d+)/.exec(await exec(bareNode, 'cat /proc/net/dev'))?.[1] ?? Number.NaN);
    await exec(bareNode, 'rm -rf /home/ops/.cache/rollcall');
    const before = await receivedBytes();
    expect(before).toBeGreaterThan(0);
    const knownHosts = join(folder.path, 'known_hosts');
    writeFileSync(knownHosts, `crowd ${hostKey(bareNode, 'ed25519')}\n`);
    const lines = [
      `HostName ${address(bareNode)}`,
      'User ops',
      `IdentityFile ${identityFile}`,
      'HostKeyAlias crowd',
      `UserKnownHostsFile ${knownHosts}`,
    ];
    expect((await startHead(lines, 'crowd-[001-100]')).code).toBe(0);
    // A hundred monitors on one small machine need not all be fresh at the same moment.
    await expect
      .poll(async () => (await head.nodes()).filter((node) => node.hello && node.sample).length, {
        timeout: 150_000,
        interval: 500,
      })
      .toBe(100);
    const runtimes = await exec(bareNode, 'ls -A /home/ops/.cache/rollcall');
    expect(runtimes.trim().split('\n')).toHaveLength(1);
    const gzip = readdirSync(join(head.folder, 'state', 'runtimes')).map(
      (name) => readFileSync(join(head.folder, 'state', 'runtimes', name)).length,
    );
    const monitorsBytes = 100 * 200 * 1024;
    expect((await receivedBytes()) - before).toBeLessThan((gzip[0] ?? 0) * 1.5 + monitorsBytes);
  }, 240_000);

  it('behind a jump host that is down knocks there as one', async () => {
    let knocks = 0;
    server = createServer((socket) => {
      knocks++;
      socket.on('error', () => undefined);
      socket.destroy();
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const started = await startHead([`ProxyJump 127.0.0.1:${port}`], 'crowd-[01-40]');
    expect(started.code).toBe(0);
    await expect
      .poll(async () => (await head.nodes()).map((node) => node.cause), { timeout: 20_000, interval: 200 })
      .toEqual(Array(40).fill('proxy'));
    const [node] = await head.nodes();
    expect(node?.message).toContain(`jump host 127.0.0.1:${port}`);
    expect(knocks).toBeLessThanOrEqual(6);
    const before = knocks;
    expect((await head.rollcall('retry', 'crowd-07')).code).toBe(0);
    await expect.poll(() => knocks, { timeout: 2_000, interval: 50 }).toBeGreaterThan(before);
  }, 60_000);
});
