import { describe, expect, it } from 'vitest';
import { nvmlCard, useNvmlReaders } from '../../../test/support/nvml-reader.ts';
import { canCompile } from '../../../test/support/nvml-stand-in.ts';
import { MAX_GPU_PROCESSES } from '../../protocol/constants.ts';

const MIB = 1024 ** 2;

describe.runIf(canCompile)('processes on GPUs, as NVML lists them', () => {
  const nvml = useNvmlReaders();

  it.each([
    ['24 bytes', []],
    ['32 bytes, as drivers of release 535 do', ['-DLONG_ROWS']],
  ])('reads processes in rows of %s', (_length, flags) => {
    const listed = [621, 623, 625].map((pid, at) => ({ gpu: 0, pid, memoryMiB: 10_000 + at }));
    const draws = { gpu: 1, pid: 700, memoryMiB: 3, type: 'G' as const };
    const processesOf = (processes: typeof listed) => {
      nvml.write({ gpus: [nvmlCard(0), nvmlCard(1)], processes: [...processes, draws] });
      return reader.read().processes.map(({ pid, gpuMemoryBytes }) => [pid, gpuMemoryBytes]);
    };
    nvml.write({ gpus: [nvmlCard(0)] });
    const reader = nvml.open({ flags });
    const told = (processes: typeof listed) => [
      ...processes.map(({ pid, memoryMiB }) => [pid, memoryMiB * MIB]),
      [700, 3 * MIB],
    ];
    expect(processesOf([])).toEqual(told([]));
    nvml.pass(10_000);
    expect(processesOf(listed)).toEqual(told(listed));
    expect(processesOf(listed.slice(0, 1))).toEqual(told(listed.slice(0, 1)));
    expect(processesOf(listed)).toEqual(told(listed));
  });

  it('merges a process that computes and draws, and makes room for many', () => {
    const many = Array.from({ length: 150 }, (_, at) => ({ gpu: 0, pid: 100 + at, memoryMiB: 1, sm: 2 }));
    nvml.write({
      gpus: [nvmlCard(0)],
      processes: [...many, { gpu: 0, pid: 100, memoryMiB: 1, type: 'G' as const }],
      lines: [],
    });
    const { processes } = nvml.open().read();
    expect(processes).toHaveLength(150);
    expect(processes[0]).toMatchObject({ pid: 100, type: 'C+G' });
    expect(processes[149]).toMatchObject({ pid: 249, type: 'C', gpuUtilizationPercent: 2 });
  });

  it('looks at once who computes, and within 5 s who draws; who stops is gone at once', () => {
    const computes = { gpu: 0, pid: 100, memoryMiB: 1 };
    const draws = { gpu: 0, pid: 200, memoryMiB: 1, type: 'G' as const };
    const reader = nvml.open();
    const pidsAfter = (ms: number, processes: (typeof computes)[]) => {
      nvml.pass(ms);
      nvml.write({ gpus: [nvmlCard(0)], processes });
      return reader.read().processes.map(({ pid }) => pid);
    };
    expect(pidsAfter(0, [])).toEqual([]);
    expect(pidsAfter(1_000, [computes, draws])).toEqual([100]);
    expect(pidsAfter(4_000, [computes, draws])).toEqual([100, 200]);
    expect(pidsAfter(1_000, [draws])).toEqual([200]);
    expect(pidsAfter(1_000, [computes])).toEqual([100]);
  });

  it('takes memory and utilization out of their range for absent', () => {
    nvml.write({
      gpus: [nvmlCard(0, { utilization: '255 3' })],
      lines: ['process 0 7 18446744073709551615 C 4000000 3 0 0'],
    });
    const { gpus, processes } = nvml.open().read();
    expect(gpus[0]).toMatchObject({ utilizationPercent: null, memoryUtilizationPercent: 3 });
    expect(processes).toMatchObject([
      { gpuMemoryBytes: null, gpuUtilizationPercent: null, gpuMemoryUtilizationPercent: 3 },
    ]);
  });

  it('says no more than fits into a message, however many processes there are', () => {
    const gpus = [nvmlCard(0), nvmlCard(1), nvmlCard(2)];
    const processes = Array.from({ length: 2_400 }, (_, at) => ({
      gpu: at % 3,
      pid: 100 + at,
      memoryMiB: 1,
    }));
    nvml.write({ gpus, processes });
    expect(nvml.open().read().processes).toHaveLength(MAX_GPU_PROCESSES);
  });
});
