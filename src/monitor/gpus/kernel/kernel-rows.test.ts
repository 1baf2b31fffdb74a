import { describe, expect, it } from 'vitest';
import { noGpuFacts, noGpuFigures, noGpuProcessFigures } from '../../../protocol/absent.ts';
import type { GpuReading } from '../provider.ts';
import { withKernelRows, withoutCards } from './kernel-rows.ts';

describe('withKernelRows', () => {
  const facts = (index: number, pciAddress: string | null, more: object = {}) => ({
    ...noGpuFacts,
    vendor: 'AMD',
    index,
    pciAddress,
    ...more,
  });
  const sample = (index: number, more: object = {}) => ({
    ...noGpuFigures,
    index,
    health: 'ok' as const,
    error: null,
    ...more,
  });
  const told: GpuReading = {
    known: false,
    facts: [facts(0, 'b', { name: 'MI300X', powerLimitWatts: 700 }), facts(1, 'a')],
    gpus: [sample(0, { utilizationPercent: 10, energyJoules: 5 }), sample(1)],
    processes: [],
    error: 'amd-smi ended',
  };

  it('keeps the kernel’s fresh figures, fills in the tool’s, and counts as the tool does', () => {
    const kernel = [
      { facts: facts(0, 'a'), sample: sample(0, { utilizationPercent: 1 }) },
      { facts: facts(1, 'b', { name: 'AMD GPU 0x74a1' }), sample: sample(1, { utilizationPercent: 99 }) },
    ];
    const merged = withKernelRows(told, kernel);
    expect(merged).toMatchObject({ known: true, error: 'amd-smi ended' });
    expect(merged.facts[0]).toMatchObject({
      index: 0,
      pciAddress: 'b',
      name: 'MI300X',
      powerLimitWatts: 700,
    });
    expect(merged.gpus[0]).toMatchObject({ index: 0, utilizationPercent: 99, energyJoules: 5 });
    expect(merged.gpus[1]).toMatchObject({ index: 1, utilizationPercent: 1 });
  });

  it('takes no figure of a tool that is in trouble, nor shows a GPU twice', () => {
    const troubled = { ...told, gpus: [sample(0, { health: 'error', error: 'amd-smi ended' }), sample(1)] };
    const kernel = [{ facts: facts(0, 'b'), sample: sample(0, { utilizationPercent: 99 }) }];
    const merged = withKernelRows(troubled, kernel);
    expect(merged.gpus[0]).toMatchObject({ health: 'ok', error: null, utilizationPercent: 99 });
    const unaddressed = { ...told, facts: [facts(0, null)], gpus: [sample(0)] };
    expect(withKernelRows(unaddressed, kernel).facts).toHaveLength(1);
  });

  it.each([
    ['share its address', ['0000:0c:00.0', '0000:0c:00.0', '0000:0c:00.0']],
    ['have a function of their own', ['0000:0c:00.0', '0000:0c:00.1', '0000:0c:00.2']],
  ])('gives no partition the memory and load of its whole card, where they %s', (_how, addresses) => {
    const partitions: GpuReading = {
      ...told,
      facts: addresses.map((address, index) => facts(index, address, { memoryTotalBytes: 24 })),
      gpus: [
        sample(0, { memoryUsedBytes: 1, utilizationPercent: 75 }),
        sample(1, { memoryUsedBytes: 2 }),
        sample(2),
      ],
    };
    const kernel = [
      {
        facts: facts(0, '0000:0c:00.0', { memoryTotalBytes: 192, driverVersion: '6.12' }),
        sample: sample(0, { memoryUsedBytes: 190, utilizationPercent: 52, powerWatts: 700 }),
      },
    ];
    const merged = withKernelRows(partitions, kernel);
    expect(merged.facts.map(({ memoryTotalBytes }) => memoryTotalBytes)).toEqual([24, 24, 24]);
    expect(
      merged.gpus.map((gpu) => [gpu.index, gpu.memoryUsedBytes, gpu.utilizationPercent, gpu.powerWatts]),
    ).toEqual([
      [0, 1, 75, 700],
      [1, 2, null, null],
      [2, null, null, null],
    ]);
    expect(merged.facts[0]?.driverVersion).toBe('6.12');
  });

  it('takes out the GPUs at some addresses with their processes', () => {
    const processes = [0, 1].map((gpuIndex) => ({ ...noGpuProcessFigures, pid: 7, gpuIndex }));
    const rest = withoutCards({ ...told, processes }, new Set(['b']));
    expect(rest.facts.map(({ pciAddress }) => pciAddress)).toEqual(['a']);
    expect(rest.gpus.map(({ index }) => index)).toEqual([1]);
    expect(rest.processes.map(({ gpuIndex }) => gpuIndex)).toEqual([1]);
    expect(withoutCards(told, new Set())).toBe(told);
  });
});
