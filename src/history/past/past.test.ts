import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeGpu, fakeJob, fakeNode } from '../../../test/support/fake-cluster.ts';
import { pointOf } from '../../../test/support/history-trace.ts';
import type { NodeEvent } from '../../protocol/events.ts';
import type { NodeReport, NodeState } from '../../report/node-report.ts';
import { type HistoryService, openService } from '../service.ts';
import { usualKeptDays } from '../tiers.ts';
import { createPastWatcher, type PastWatcher } from './watcher.ts';

const MINUTE_MS = 60_000;
/** An hour ago, at a whole minute: the service goes by the clock of the machine. */
const START_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS;

let folder: string;
let service: HistoryService;
let watcher: PastWatcher;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-past-'));
  service = await openService({ folder, keptDays: usualKeptDays, mostBytes: null, url: null });
  watcher = createPastWatcher();
});
afterEach(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

const nodeWith = (jobs: readonly string[], change: Partial<NodeReport> = {}): NodeReport => {
  const node = fakeNode('a', change);
  const sample = node.sample && {
    ...node.sample,
    gpus: [fakeGpu(0), fakeGpu(1)],
    gpuProcesses: jobs.map((job, at) => fakeJob(100 + at, at, { job, arguments: 'train.py --secret-plan' })),
  };
  return { ...node, sample };
};
const states = (state: NodeState, cause: string | null = null) =>
  watcher.noteStates(
    [{ name: 'a', state, failure: cause === null ? null : ({ cause, message: `${cause} it was` } as never) }],
    START_MS,
  );
const sample = (atMs: number, percent: number) =>
  service.append([
    pointOf('a', atMs, {
      cpu: 12.5,
      gpus: new Map([
        [0, percent],
        [1, 0],
      ]),
      jobs: new Map(),
    }),
  ]);

describe('a past minute', () => {
  it('has the processes of then with the figures of that minute', async () => {
    watcher.look(nodeWith(['slurm:1']), START_MS);
    watcher.look(nodeWith(['slurm:1', 'slurm:2']), START_MS + 10 * MINUTE_MS);
    await service.observe(watcher.take());
    await sample(START_MS + 5_000, 70);
    await sample(START_MS + 20 * MINUTE_MS, 90);
    const [early] = await service.past(START_MS);
    expect(early).toMatchObject({ name: 'a', state: 'live', sample: { cpu: { totalPercent: 12.5 } } });
    expect(early?.sample?.gpus?.map(({ utilizationPercent }) => utilizationPercent)).toEqual([70, 0]);
    expect(early?.sample?.gpuProcesses?.map(({ job }) => job)).toEqual(['slurm:1']);
    const [late] = await service.past(START_MS + 20 * MINUTE_MS);
    expect(late?.sample?.gpuProcesses?.map(({ job }) => job)).toEqual(['slurm:1', 'slurm:2']);
    expect(late?.sample?.gpus?.[0]?.utilizationPercent).toBe(90);
    expect(JSON.stringify(late)).not.toContain('secret-plan');
  });

  it('in which a node was not heard has it as unreachable, without figures', async () => {
    watcher.look(nodeWith(['slurm:1']), START_MS);
    await service.observe(watcher.take());
    await sample(START_MS, 70);
    expect(await service.past(START_MS + 5 * MINUTE_MS)).toMatchObject([
      { name: 'a', state: 'unreachable', sample: null },
    ]);
    expect(await service.past(START_MS - 5 * MINUTE_MS)).toEqual([]);
  });
});

describe('snapshots', () => {
  it('are taken where something changed that stays, and not for figures', () => {
    const look = (node: NodeReport, minute: number) => {
      watcher.look(node, START_MS + minute * MINUTE_MS);
      return watcher.take().snapshots.length;
    };
    expect(look(nodeWith(['slurm:1']), 0)).toBe(1);
    const warmer = nodeWith(['slurm:1']);
    if (warmer.sample) warmer.sample.cpu = null;
    expect(look(warmer, 1)).toBe(0);
    expect(look(nodeWith([]), 2)).toBe(1);
    expect(look(nodeWith(['slurm:3']), 2.5)).toBe(0);
    expect(look(nodeWith(['slurm:3']), 3)).toBe(1);
    expect(look(nodeWith(['slurm:3']), 24 * 60 + 3)).toBe(1);
  });

  it('that could not be written come again', () => {
    watcher.look(nodeWith(['slurm:1']), START_MS);
    const seen = watcher.take();
    watcher.giveBack(seen);
    expect(watcher.take()).toEqual(seen);
  });

  it('are wanted once a day of a node that is not heard', () => {
    expect(states('unreachable', 'timeout')).toEqual(['a']);
    watcher.look(nodeWith([], { state: 'unreachable', sample: null }), START_MS);
    expect(states('unreachable', 'timeout')).toEqual([]);
    expect(states('live')).toEqual([]);
  });
});

describe('events', () => {
  const texts = () => watcher.take().events.map(({ kind, text }) => `${kind} ${text}`);

  it('are states that change, and not how a node is at first', () => {
    states('live');
    states('live');
    expect(texts()).toEqual([]);
    states('unreachable', 'timeout');
    states('connecting');
    states('unreachable', 'timeout');
    states('unreachable', 'auth');
    states('live');
    expect(texts()).toEqual([
      'state unreachable: timeout it was',
      'state unreachable: auth it was',
      'state back',
    ]);
  });

  it('are what the kernel says, once each, from the first look on', async () => {
    const xid = (atMs: number, code: number): NodeEvent => ({
      atMs,
      kind: 'xid',
      code,
      severity: 'critical',
      text: `NVRM: Xid ${code}`,
      pciAddress: '0000:01:00.0',
      pid: null,
      jobs: [],
    });
    watcher.look(nodeWith([], { events: [xid(START_MS, 13)] }), START_MS);
    expect(texts()).toEqual([]);
    watcher.look(nodeWith([], { events: [xid(START_MS, 13), xid(START_MS + 1, 79)] }), START_MS + 1);
    watcher.look(
      nodeWith([], { events: [xid(START_MS, 13), xid(START_MS + 1, 79), xid(START_MS + 1, 48)] }),
      START_MS + 2,
    );
    const seen = watcher.take();
    expect(seen.events.map(({ text, gpuIndex }) => [text, gpuIndex])).toEqual([
      ['Xid 79: NVRM: Xid 79', 1],
      ['Xid 48: NVRM: Xid 48', 1],
    ]);
    await service.observe(seen);
    const { events } = await service.history({
      node: 'a',
      series: null,
      fromMs: START_MS,
      toMs: START_MS + MINUTE_MS,
      stepMs: null,
    });
    expect(events).toEqual(seen.events);
    expect(await service.events('b', START_MS, START_MS + MINUTE_MS)).toEqual([]);
  });
});
