import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { fleet, requireFleet } from './fleet.ts';
import { placeOnGpu, takeGpuAway } from './stand-in-gpus.ts';

const isMissing = ['/usr/bin/tmux', '/usr/bin/screen'].find((file) => !existsSync(file)) ?? null;
if (fleet && isMissing) console.log(`skipped: sessions of tmux and screen, because ${isMissing} is not here`);

const NODE = 3;

/** Where neither control groups nor a scheduler say whose job a process is. */
describe.runIf(fleet && isMissing === null)('sessions', () => {
  let head: HeadProcess;
  const pids: Record<string, number> = {};

  const started = async (user: string, seconds: number, words: string) => {
    const nodes = requireFleet();
    const asUser = `setpriv --reuid=${user} --regid=$(id -g ${user}) --clear-groups env HOME=/tmp SCREENDIR=/tmp/screen-${user}`;
    await nodes.exec(
      NODE,
      `cd /tmp; install -d -m700 -o ${user} screen-${user}; ${asUser} ${words} > /dev/null 2>&1 < /dev/null`,
    );
    const find = () => nodes.exec(NODE, `pgrep -xf 'sleep ${seconds}' || true`);
    return vi.waitFor(
      async () => {
        const found = await find();
        expect(found).toMatch(/^\d+\n$/);
        return Number(found);
      },
      { timeout: 5_000 },
    );
  };

  beforeAll(async () => {
    pids.tmux = await started('dash', 501, 'tmux -L test new-session -d -s train "exec sleep 501"');
    pids.screen = await started('zsh', 502, 'screen -dmS night sleep 502');
    pids.shell = await started('fish', 503, "setsid -f sh -c 'sleep 503; :'");
    placeOnGpu(NODE, Object.values(pids));
    head = createHeadProcess(requireFleet().sshConfigFile);
    head.writeList(`n${NODE}\n`);
    expect((await head.start()).code).toBe(0);
  });
  afterAll(async () => {
    await head?.dispose();
    await takeGpuAway(requireFleet(), NODE);
    await requireFleet().exec(NODE, `pkill -xf 'sleep 50[123]' || true`);
  });

  const sample = async () => (await head.node(`n${NODE}`))?.sample;

  it.each([
    ['tmux', 'tmux', 'dash', 'train'],
    ['screen', 'screen', 'zsh', 'night'],
    ['shell', 'session', 'fish', null],
  ])('of %s is a job with its user and name, while a GPU is used in it', async (at, kind, user, name) => {
    const ofProcess = async () => (await sample())?.gpuProcesses?.find((row) => row.pid === pids[at]);
    await expect
      .poll(ofProcess, { timeout: 20_000, interval: 100 })
      .toMatchObject({ user, job: expect.stringMatching(new RegExp(`^${kind}:\\d+-\\d+$`)) });
    const key = (await ofProcess())?.job;
    const job = (await sample())?.jobs?.find((row) => row.key === key);
    expect(job).toMatchObject({ kind, user, name });
    expect(job?.processCount).toBe(2);
  });
});
