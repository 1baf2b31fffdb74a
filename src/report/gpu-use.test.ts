import { describe, expect, test } from 'vitest';
import { fakeGpu, fakeJob, fakeNode, unreachable } from '../../test/support/fake-cluster.ts';
import { countGpus, describeAllocation, gpuUse } from './gpu-use.ts';

describe('what a GPU is to somebody who wants one', () => {
  test('a process, work or held memory', () => {
    expect(gpuUse(fakeGpu(0), [], [])).toBe('free');
    expect(gpuUse(fakeGpu(0), [fakeJob(1, 0)], [])).toBe('busy');
    expect(gpuUse(fakeGpu(0), [fakeJob(1, 1)], [])).toBe('free');
    expect(gpuUse(fakeGpu(0, { utilizationPercent: 80 }), null, [])).toBe('busy');
    expect(gpuUse(fakeGpu(0, { memoryUsedBytes: 20 * 1024 ** 3 }), [], [])).toBe('busy');
    expect(gpuUse(fakeGpu(0, { health: 'lost' }), [], [])).toBe('out');
    expect(gpuUse(fakeGpu(0, { utilizationPercent: null, memoryUsedBytes: null }), null, [])).toBe('unknown');
  });

  test('a display server that does nothing takes no GPU, one that works or fills it does', () => {
    const display = fakeJob(1, 0, { type: 'G', command: 'Xorg', gpuMemoryBytes: 4 * 1024 ** 2 });
    expect(gpuUse(fakeGpu(0), [display], [])).toBe('free');
    expect(gpuUse(fakeGpu(0), [{ ...display, type: 'C+G' }], [])).toBe('busy');
    expect(gpuUse(fakeGpu(0), [fakeJob(1, 0, { command: 'nvidia-cuda-mps-server' })], [])).toBe('free');
    expect(gpuUse(fakeGpu(0, { utilizationPercent: 30 }), [display], [])).toBe('busy');
    expect(gpuUse(fakeGpu(0, { memoryUsedBytes: 6 * 1024 ** 3 }), [display], [])).toBe('busy');
  });

  test('of GPUs in MIG mode the instances count, whatever is known of them', () => {
    const whole = fakeGpu(0, { migEnabled: true });
    const part = fakeGpu(1024, { parentIndex: 0, migInstance: '1/0', utilizationPercent: null });
    const empty = fakeGpu(1, { migEnabled: true, utilizationPercent: null });
    const gpus = [whole, empty, part];
    const node = fakeNode('a', {}, { gpus, gpuProcesses: [] });
    expect(countGpus(node)).toEqual({ total: 1, free: 1, busy: 0, heldIdle: 0, out: 0 });
    const sick = {
      ...node,
      sample: node.sample && { ...node.sample, gpus: [{ ...empty, health: 'lost' as const }] },
    };
    expect(countGpus(sick)).toEqual({ total: 1, free: 0, busy: 0, heldIdle: 0, out: 1 });
    const onlyFacts = { ...node, sample: null, hello: node.hello && { ...node.hello, gpus } };
    expect(countGpus({ ...onlyFacts, state: 'stale' })).toMatchObject({ total: 1, out: 1 });
  });

  test('held without any work for long, as its marks say', () => {
    const marks = [
      { gpuIndex: 0, code: 'held-idle' as const, text: 'held by alice without any work for 45m00s' },
    ];
    const process = [fakeJob(1, 0)];
    expect(gpuUse(fakeGpu(0), process, marks)).toBe('held-idle');
    expect(gpuUse(fakeGpu(1), [fakeJob(1, 1)], marks)).toBe('busy');
    expect(gpuUse(fakeGpu(0, { health: 'error' }), process, marks)).toBe('out');
    const counted = countGpus(fakeNode('a', { marks }));
    expect(counted).toEqual({ total: 2, free: 1, busy: 0, heldIdle: 1, out: 0 });
  });

  test('given to a job by a scheduler, or to nobody', () => {
    const allocation = { jobKey: 'slurm:11', jobId: '9_2', user: 'ann' };
    const given = fakeGpu(0, { allocation });
    expect(gpuUse(given, [], [])).toBe('allocated');
    expect(gpuUse(given, [fakeJob(1, 0)], [])).toBe('busy');
    expect(gpuUse(fakeGpu(0, { allocation, health: 'lost' }), [], [])).toBe('out');
    expect(gpuUse(fakeGpu(0, { isDrained: true }), [], [])).toBe('drained');
    expect(gpuUse(fakeGpu(0, { isDrained: true }), [fakeJob(1, 0)], [])).toBe('busy');
    expect(describeAllocation(allocation, 'allocated')).toBe('allocated to job 9_2 of ann, idle');
    expect(describeAllocation({ jobKey: null, jobId: null, user: null }, 'busy')).toBe('allocated to a job');
    const gpus = [given, fakeGpu(1, { isDrained: true }), fakeGpu(2)];
    const counts = countGpus(fakeNode('a', {}, { gpus, gpuProcesses: [] }));
    expect(counts).toEqual({ total: 3, free: 1, busy: 1, heldIdle: 0, out: 1 });
  });

  test('old figures count for nothing', () => {
    expect(countGpus(fakeNode('a'))).toEqual({ total: 2, free: 1, busy: 1, heldIdle: 0, out: 0 });
    expect(countGpus(unreachable(fakeNode('a')))).toEqual({
      total: 2,
      free: 0,
      busy: 0,
      heldIdle: 0,
      out: 2,
    });
  });
});
