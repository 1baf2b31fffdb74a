import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseListpids } from '../../src/monitor/jobs/name-answers.ts';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { fleet, requireFleet } from './fleet.ts';
import { type SlurmCluster, slurmIsMissing, startSlurm } from './slurm-cluster.ts';
import { placeOnGpu, takeGpuAway } from './stand-in-gpus.ts';

if (fleet && slurmIsMissing) console.log(`skipped: jobs of a real Slurm, because ${slurmIsMissing}`);

/** What the API says about the jobs of a real Slurm cluster. */
describe.runIf(fleet && slurmIsMissing === null)('jobs of Slurm', () => {
  let slurm: SlurmCluster;
  let head: HeadProcess;
  let id: string;
  let other: string;

  beforeAll(async () => {
    const nodes = requireFleet();
    slurm = await startSlurm(nodes);
    id = await slurm.submit('dash', '-N2 -w n2,n3 -J two-nodes', 'srun sh -c "sleep 301 & sleep 302"');
    other = await slurm.submit('zsh', '-N1 -w n1 -J alone', 'sleep 303');
    head = createHeadProcess(nodes.sshConfigFile);
    head.writeList('n1\nn2\nn3\n');
    expect((await head.start()).code).toBe(0);
  });
  afterAll(async () => {
    await head?.dispose();
    await slurm?.stop();
    for (const node of [2, 3]) await takeGpuAway(requireFleet(), node);
  });

  const jobOn = async (name: string, key: string) =>
    (await head.node(name))?.sample?.jobs?.find((job) => job.key === key);

  it('of two nodes are one row on each, with name, user, and sums over their processes', async () => {
    const stop = await head.openEvents();
    for (const name of ['n2', 'n3']) {
      await expect
        .poll(() => jobOn(name, `slurm:${id}`), { timeout: 30_000, interval: 200 })
        .toMatchObject({ kind: 'slurm', id, name: 'two-nodes', user: 'dash' });
      const job = await jobOn(name, `slurm:${id}`);
      expect(job?.processCount).toBeGreaterThanOrEqual(3);
      expect(job?.residentBytes).toBeGreaterThan(500_000);
      expect(Math.abs(Date.now() - (job?.startTimeMs ?? 0))).toBeLessThan(60_000);
      expect(await jobOn(name, `slurm:${other}`)).toBeUndefined();
    }
    await expect
      .poll(() => jobOn('n1', `slurm:${other}`), { timeout: 15_000, interval: 200 })
      .toMatchObject({ name: 'alone', user: 'zsh' });
    expect(await jobOn('n1', `slurm:${id}`)).toBeUndefined();
    stop();
  }, 60_000);

  it('have the GPU processes that they run, and nobody else’s', async () => {
    const nodes = requireFleet();
    const pidOf = async (words: string) => Number(await nodes.exec(2, `pgrep -xf '${words}' | head -1`));
    await nodes.exec(
      2,
      'setpriv --reuid=fish --regid=$(id -g fish) --clear-groups setsid sleep 304 > /dev/null 2>&1 < /dev/null &',
    );
    await expect.poll(() => pidOf('sleep 304'), { timeout: 5_000 }).toBeGreaterThan(0);
    const [inside, outside] = [await pidOf('sleep 302'), await pidOf('sleep 304')];
    placeOnGpu(2, [inside, outside]);
    await nodes.exec(2, `kill -9 ${(await head.node('n2'))?.hello?.pid}`);
    const rows = async () =>
      ((await head.node('n2'))?.sample?.gpuProcesses ?? []).map(({ pid, job, user }) => ({ pid, job, user }));
    await expect.poll(rows, { timeout: 30_000, interval: 200 }).toEqual([
      { pid: inside, job: `slurm:${id}`, user: 'dash' },
      { pid: outside, job: expect.stringMatching(/^session:\d+-\d+$/), user: 'fish' },
    ]);
    const session = (await rows())[1]?.job ?? '';
    expect(await jobOn('n2', session)).toMatchObject({ kind: 'session', user: 'fish', processCount: 1 });
    await nodes.exec(2, `kill ${outside}`);
  }, 60_000);

  it('are told by scontrol to any user, process by process', async () => {
    const nodes = requireFleet();
    const asUser = 'setpriv --reuid=ops --regid=$(id -g ops) --clear-groups';
    const numbers = parseListpids(await nodes.exec(2, `${asUser} scontrol listpids`));
    const pid = Number(await nodes.exec(2, `pgrep -xf 'sleep 302' | head -1`));
    expect(numbers.get(pid)).toBe(id);
    expect([...numbers.values()]).not.toContain(other);
  });

  it('hold the GPUs that Slurm gave them, though they do nothing there, array elements by their own ids', async () => {
    const nodes = requireFleet();
    placeOnGpu(3, [], 2);
    await nodes.exec(3, `kill -9 ${(await head.node('n3'))?.hello?.pid}`);
    const array = await slurm.submit('dash', '--array=1-2 --gpus=1 -N1 -w n3 -J sweep', 'sleep 305');
    const stop = await head.openEvents();
    const held = async () =>
      ((await head.node('n3'))?.sample?.gpus ?? [])
        .map(({ allocation }) => `${allocation?.jobId} ${allocation?.user}`)
        .sort();
    await expect
      .poll(held, { timeout: 90_000, interval: 500 })
      .toEqual([`${array}_1 dash`, `${array}_2 dash`]);
    const listed = JSON.parse((await head.get('/api/v1/gpus?q=is:allocated')).text) as {
      gpus: { node: string; use: string }[];
    };
    expect(listed.gpus.filter(({ node }) => node === 'n3').map(({ use }) => use)).toEqual([
      'allocated',
      'allocated',
    ]);
    const free = await head.get('/api/v1/nodes?q=node:=n3%20free:>0');
    expect((JSON.parse(free.text) as { nodes: unknown[] }).nodes).toEqual([]);
    const text = (await head.rollcall('gpus', '-q', 'node:=n3')).stdout;
    expect(text).toContain(`allocated to job ${array}_1 of dash, idle`);
    // The scheduler is asked by one node for all of them.
    const askers = new Set((await head.nodes()).map(({ scheduler }) => scheduler?.askedBy));
    expect(askers.size).toBe(1);
    expect(['n1', 'n2', 'n3']).toContain([...askers][0]);
    await expect
      .poll(async () => (await head.node('n3'))?.sample?.jobs?.map(({ id: shown }) => shown), {
        timeout: 60_000,
        interval: 500,
      })
      .toEqual(expect.arrayContaining([`${array}_1`, `${array}_2`]));
    await nodes.exec(1, `scancel ${array}`);
    await expect
      .poll(held, { timeout: 60_000, interval: 500 })
      .toEqual(['undefined undefined', 'undefined undefined']);
    stop();
  }, 300_000);

  it('get none of a node that is drained, which says why', async () => {
    const nodes = requireFleet();
    await nodes.exec(1, 'scontrol update NodeName=n2 State=DRAIN Reason="broken fan"');
    const stop = await head.openEvents();
    const scheduler = async () => (await head.node('n2'))?.scheduler;
    await expect
      .poll(async () => (await scheduler())?.reason, { timeout: 90_000, interval: 500 })
      .toContain('broken fan');
    expect(await scheduler()).toMatchObject({
      cluster: 'fleet',
      isDrained: true,
      partitions: ['all'],
      problem: null,
    });
    const drained = await head.get('/api/v1/nodes?q=is:drained%20partition:all');
    expect((JSON.parse(drained.text) as { nodes: { name: string }[] }).nodes.map(({ name }) => name)).toEqual(
      ['n2'],
    );
    await nodes.exec(1, 'scontrol update NodeName=n2 State=RESUME');
    await expect
      .poll(async () => (await scheduler())?.isDrained, { timeout: 90_000, interval: 500 })
      .toBe(false);
    stop();
  }, 240_000);

  it('are told by another node where the one that was asked goes', async () => {
    const before = (await head.node('n1'))?.scheduler?.askedBy ?? '';
    expect(before).not.toBe('');
    head.writeList(['n1', 'n2', 'n3'].filter((name) => name !== before).join('\n'));
    const left = before === 'n1' ? 'n2' : 'n1';
    const stop = await head.openEvents();
    await expect
      .poll(async () => (await head.node(left))?.scheduler?.askedBy, { timeout: 90_000, interval: 500 })
      .not.toBe(before);
    await expect
      .poll(async () => (await head.node(left))?.scheduler?.partitions, { timeout: 90_000, interval: 500 })
      .toEqual(['all']);
    head.writeList('n1\nn2\nn3\n');
    await expect
      .poll(async () => (await head.node(before))?.state, { timeout: 60_000, interval: 500 })
      .toBe('live');
    stop();
  }, 300_000);

  it('are gone when they end', async () => {
    await requireFleet().exec(1, `scancel ${id}`);
    const stop = await head.openEvents();
    await expect.poll(() => jobOn('n3', `slurm:${id}`), { timeout: 20_000, interval: 200 }).toBeUndefined();
    stop();
  }, 40_000);
});
