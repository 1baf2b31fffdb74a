import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { fleet, requireFleet } from './fleet.ts';
import { type GridEngineCluster, gridEngineIsMissing, startGridEngine } from './grid-engine-cluster.ts';

if (fleet && gridEngineIsMissing)
  console.log(`skipped: jobs of a real Grid Engine, because ${gridEngineIsMissing} is not here`);

/** What the API says about the jobs of a real Grid Engine, which uses no control groups. */
describe.runIf(fleet && gridEngineIsMissing === null)('jobs of Grid Engine', () => {
  let engine: GridEngineCluster;
  let head: HeadProcess;

  beforeAll(async () => {
    const nodes = requireFleet();
    engine = await startGridEngine(nodes, 1);
    head = createHeadProcess(nodes.sshConfigFile);
    head.writeList('n1\n');
    expect((await head.start()).code).toBe(0);
  }, 180_000);
  afterAll(async () => {
    await head?.dispose();
    await engine?.stop();
  }, 60_000);

  const jobs = async () =>
    ((await head.node('n1'))?.sample?.jobs ?? [])
      .filter(({ kind }) => kind === 'sge')
      .map(({ id, name, user }) => `${id} ${name} ${user}`)
      .sort();

  it('are told by their supplementary groups, with name and user, elements of arrays apart', async () => {
    const stop = await head.openEvents();
    const first = await engine.submit('dash', '-N train_a_long_name', 'sleep 311');
    const second = await engine.submit('zsh', '-N sweep -t 1-2', 'sleep 312');
    await expect
      .poll(jobs, { timeout: 150_000, interval: 300 })
      .toEqual([`${first} train_a_long_name dash`, `${second}.1 sweep zsh`, `${second}.2 sweep zsh`].sort());
    const found = await head.get(`/api/v1/jobs?q=job:${second}`);
    expect((JSON.parse(found.text) as { jobs: unknown[] }).jobs).toHaveLength(2);
    stop();
  }, 200_000);

  it('keep what runs on when its parent is gone', async () => {
    const stop = await head.openEvents();
    const id = await engine.submit('dash', '-N left', '(setsid sleep 313 &) ; sleep 314');
    await expect.poll(jobs, { timeout: 150_000, interval: 300 }).toContain(`${id} left dash`);
    const processes = async () =>
      (await head.node('n1'))?.sample?.jobs?.find((job) => job.key === `sge:${id}`)?.processCount ?? 0;
    await expect.poll(processes, { timeout: 30_000, interval: 300 }).toBeGreaterThanOrEqual(2);
    stop();
  }, 200_000);
});
