import { describe, expect, it } from 'vitest';
import { noGpuFacts, noGpuFigures } from '../../protocol/absent.ts';
import { withKernelRows } from './kernel-rows.ts';
import type { GpuReading } from './provider.ts';

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
});
