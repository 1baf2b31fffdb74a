import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { fleet, requireFleet } from './fleet.ts';
import { createPodman, type Podman, podmanIsMissing } from './podman-containers.ts';

if (fleet && podmanIsMissing)
  console.log(`skipped: real containers of Podman, because ${podmanIsMissing} is not here`);

const NODE = 3;
const containers = [
  { user: 'root', name: 'of-root' },
  // The account that the monitor runs as, and another one.
  { user: 'ops', name: 'of-ops' },
  { user: 'dash', name: 'of-dash' },
];

/** Without systemd a rootless container has no control group of its own: its conmon tells which it is. */
describe.runIf(fleet && podmanIsMissing === null)('containers of Podman', () => {
  let podman: Podman;
  let head: HeadProcess;
  const ids = new Map<string, string>();

  beforeAll(async () => {
    podman = await createPodman(requireFleet(), NODE, ['ops', 'dash']);
    for (const { user, name } of containers)
      ids.set(name, await podman.run(user, name, 'sleep 401 & sleep 402'));
    head = createHeadProcess(requireFleet().sshConfigFile);
    head.writeList(`n${NODE}\n`);
    expect((await head.start()).code).toBe(0);
  });
  afterAll(async () => {
    await head?.dispose();
    for (const { user, name } of containers) await podman?.remove(user, name).catch(() => undefined);
  });

  const jobs = async () => (await head.node(`n${NODE}`))?.sample?.jobs ?? [];
  const jobOf = async (name: string) => (await jobs()).find((job) => job.id === ids.get(name));

  it.each(containers)('$name is a job with its name, its user and its processes', async ({ user, name }) => {
    await expect
      .poll(() => jobOf(name), { timeout: 20_000, interval: 100 })
      .toMatchObject({ key: `podman:${ids.get(name)}`, kind: 'podman', name, user, processCount: 2 });
    const job = await jobOf(name);
    expect(job?.residentBytes).toBeGreaterThan(10_000);
    expect(Math.abs(Date.now() - (job?.startTimeMs ?? 0))).toBeLessThan(60_000);
  });

  it('are told apart from what else their users run', async () => {
    const keys = (await jobs()).map((job) => job.key).filter((key) => key.startsWith('podman:'));
    expect(keys.toSorted()).toEqual([...ids.values()].map((id) => `podman:${id}`).toSorted());
  });

  it('are gone when they are removed', async () => {
    await podman.remove('dash', 'of-dash');
    const stop = await head.openEvents();
    await expect.poll(() => jobOf('of-dash'), { timeout: 15_000, interval: 100 }).toBeUndefined();
    expect(await jobOf('of-ops')).toBeDefined();
    stop();
  });
});
