import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { fleet, requireFleet } from './fleet.ts';

const RESTARTS = 20;

describe.runIf(fleet)('a head that is killed again and again', () => {
  let head: HeadProcess;
  const names = ['n1', 'dash@n1', 'n2', 'n3'];
  const hosts = { n1: 2, n2: 1, n3: 1 };

  beforeAll(() => {
    head = createHeadProcess(requireFleet().sshConfigFile);
    head.writeList(names.join('\n'));
  });
  afterAll(() => head.dispose());

  /** How many monitors of any head run on each host. */
  async function countMonitors(): Promise<Record<string, number>> {
    const counts = Object.keys(hosts).map(async (host, at) => {
      const lines = await requireFleet().exec(
        at + 1,
        'for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline 2>/dev/null; echo; done',
      );
      return [
        host,
        lines.split('\n').filter((line) => /rollcall-monitor \S+ [0-9a-f]+ *$/.test(line)).length,
      ];
    });
    return Object.fromEntries((await Promise.all(counts)) as [string, number][]);
  }

  const allLive = () =>
    expect
      .poll(async () => (await head.nodes()).map((node) => node.state), { timeout: 30_000, interval: 50 })
      .toEqual(names.map(() => 'live'));

  it(`has one monitor on every node after each of ${RESTARTS} kills with -9, and leaves none`, async () => {
    for (let round = 0; round < RESTARTS; round++) {
      expect((await head.start()).code).toBe(0);
      await allLive();
      expect(await countMonitors(), `round ${round}`).toEqual(hosts);
      process.kill(head.record().pid, 'SIGKILL');
    }
    await expect.poll(countMonitors, { timeout: 5_000, interval: 100 }).toEqual({ n1: 0, n2: 0, n3: 0 });
    expect((await head.kill()).code).toBe(0);
  }, 240_000);
});
