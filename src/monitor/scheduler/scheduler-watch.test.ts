import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noGpuFacts } from '../../protocol/absent.ts';
import type { GpuFacts } from '../../protocol/gpu-facts.ts';
import type { Facts } from '../../protocol/hello.ts';
import { parseMessage } from '../../protocol/messages.ts';
import { createLeash, type Leash } from '../leash.ts';
import { createSystem, type System } from '../system.ts';
import { createSchedulerWatch, type SchedulerWatch } from './scheduler-watch.ts';

/** A real program stands in for scontrol. */
describe('the scheduler', () => {
  let folder: string;
  let nowMs: number;
  let leash: Leash;
  let watch: SchedulerWatch;
  const noGpus: readonly GpuFacts[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scheduler-'));
    nowMs = 0;
    const system: System = {
      ...createSystem({ root: folder }),
      environment: {},
      monotonicMs: () => nowMs,
      findProgram: (name) => (existsSync(join(folder, name)) ? join(folder, name) : null),
    };
    leash = createLeash(system);
    watch = createSchedulerWatch(system, leash);
    write('proc/sys/kernel', 'hostname', 'n1.example.org\n');
  });
  afterEach(() => {
    leash.release();
    rmSync(folder, { recursive: true });
  });

  function write(place: string, name: string, text: string): void {
    mkdirSync(join(folder, place), { recursive: true });
    writeFileSync(join(folder, place, name), text);
  }
  function scontrol(script: string): void {
    writeFileSync(join(folder, 'scontrol'), `#!/bin/sh\necho "$*" >> ${folder}/log\n${script}\n`);
    chmodSync(join(folder, 'scontrol'), 0o755);
  }
  const questions = () =>
    existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').trim().split('\n') : [];
  const useConfig = () => write('etc/slurm', 'slurm.conf', 'ClusterName=fleet\n');

  /** Takes news until one of them is told; a head takes each of them. */
  async function newsWith<Key extends 'slurm' | 'schedulerAnswer'>(
    key: Key,
  ): Promise<Facts[Key] | undefined> {
    let found: Facts[Key] | undefined;
    await expect
      .poll(
        () => {
          for (const facts of watch.news(noGpus)) {
            expect(parseMessage(JSON.stringify(facts))).toMatchObject({ ok: true });
            if (facts[key] !== undefined) found = facts[key];
          }
          return found !== undefined;
        },
        { timeout: 10_000, interval: 20 },
      )
      .toBe(true);
    return found;
  }

  const LINES = `case "$*" in
    *node) echo "NodeName=n1 Arch=x86_64 Gres=gpu:2 GresUsed=gpu:1(IDX:1) NodeHostName=n1 State=MIXED ThreadsPerCore=1 Partitions=all  BootTime=None";;
    *job) echo "JobId=11 ArrayJobId=9 ArrayTaskId=2 JobName=x UserId=ann(1) GroupId=a(1) MCS_label=N/A JobState=RUNNING Reason=None JOB_GRES=gpu:1   Nodes=n1 CPU_IDs=0 Mem=0 GRES=gpu:1(IDX:1)  MinCPUsNode=1 ";;
  esac`;

  it('is not there where nothing says so, and is not asked unless the head wants that', async () => {
    expect(watch.news(noGpus)).toEqual([]);
    useConfig();
    scontrol(LINES);
    nowMs += 60_000;
    expect(await newsWith('slurm')).toEqual({
      cluster: 'fleet',
      nodeName: 'n1.example.org',
      canAsk: true,
      gpuMinors: [],
    });
    nowMs += 60_000;
    expect(watch.news(noGpus)).toEqual([]);
    expect(questions()).toEqual([]);
  });

  it('names the cluster itself where no file can be read', async () => {
    scontrol('echo "ClusterName             = fleet"');
    watch.setAsking(false);
    expect(await newsWith('slurm')).toMatchObject({ cluster: 'fleet' });
    expect(questions()).toEqual(['show config']);
  });

  it('tells of device files, where the kernel module does', () => {
    useConfig();
    for (const [address, minor] of [
      ['0000:10:00.0', 1],
      ['0000:20:00.0', 0],
    ])
      write(
        `proc/driver/nvidia/gpus/${address}`,
        'information',
        `Model: \t H100\nDevice Minor: \t ${minor}\n`,
      );
    const gpu = (index: number, pciAddress: string): GpuFacts => ({
      ...noGpuFacts,
      vendor: 'NVIDIA',
      index,
      pciAddress,
    });
    const [news] = watch.news([gpu(0, '00000000:10:00.0'), gpu(1, '00000000:20:00.0')]);
    expect(news?.slurm).toMatchObject({
      canAsk: false,
      gpuMinors: [
        { index: 0, minor: 1 },
        { index: 1, minor: 0 },
      ],
    });
  });

  it('is asked with two commands for the whole cluster, every half minute, and what is the same is not told again', async () => {
    useConfig();
    scontrol(LINES);
    watch.setAsking(true);
    expect(await newsWith('schedulerAnswer')).toEqual({
      cluster: 'fleet',
      part: 0,
      parts: 1,
      nodes: [
        {
          name: 'n1',
          hostname: 'n1',
          state: 'MIXED',
          reason: null,
          partitions: ['all'],
          reservation: null,
          gpuCount: 2,
          allocations: [{ gpus: [1], number: '11', id: '9_2', user: 'ann' }],
        },
      ],
      error: null,
    });
    expect(questions()).toEqual(['-a -d -o show node', '-a -d -o show job']);
    nowMs += 20_000;
    expect(watch.news(noGpus)).toEqual([]);
    expect(questions()).toHaveLength(2);
    nowMs += 10_000;
    expect(await newsWith('schedulerAnswer')).toMatchObject({ parts: 0, nodes: [], error: null });
    watch.setWatched(true);
    nowMs += 15_000;
    expect(await newsWith('schedulerAnswer')).toMatchObject({ parts: 0 });
    watch.setAsking(false);
    watch.setAsking(true);
    nowMs += 15_000;
    expect(await newsWith('schedulerAnswer')).toMatchObject({ parts: 1 });
  });

  it('that refuses is told in its own words, and asked ever more seldom', async () => {
    useConfig();
    scontrol('echo "slurm_load_node error: Access/permission denied" >&2; exit 1');
    watch.setAsking(true);
    const answer = await newsWith('schedulerAnswer');
    expect(answer?.error).toBe(
      'scontrol show node: slurm_load_node error: Access/permission denied (exit code 1)',
    );
    nowMs += 30_000;
    await newsWith('schedulerAnswer');
    expect(questions()).toHaveLength(2);
    nowMs += 30_000;
    expect(watch.news(noGpus)).toEqual([]);
    nowMs += 30_000;
    await newsWith('schedulerAnswer');
    expect(questions()).toHaveLength(3);
  });

  it('that hides jobs still tells which GPUs are taken', async () => {
    useConfig();
    scontrol(LINES.replace(/\*job\).*?;;/s, '*job) exit 1;;'));
    watch.setAsking(true);
    const answer = await newsWith('schedulerAnswer');
    expect(answer?.nodes[0]?.allocations).toEqual([{ gpus: [1], number: null, id: null, user: null }]);
  });

  it('of a thousand nodes tells them in parts that a head takes', async () => {
    useConfig();
    scontrol(`case "$*" in *node) i=0; while [ $i -lt 1001 ]; do i=$((i+1));
      echo "NodeName=n$i Gres=gpu:8 GresUsed=gpu:8(IDX:0-7) State=MIXED Partitions=all "; done;; esac`);
    watch.setAsking(true);
    const parts: number[] = [];
    let count = 0;
    await expect
      .poll(
        () => {
          for (const { schedulerAnswer } of watch.news(noGpus)) {
            if (schedulerAnswer === undefined) continue;
            parts.push(schedulerAnswer.part);
            count += schedulerAnswer.nodes.length;
          }
          return count;
        },
        { timeout: 20_000 },
      )
      .toBe(1001);
    expect(parts).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
