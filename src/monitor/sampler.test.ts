import { expect, it } from 'vitest';
import { noGpuFacts, noGpuFigures } from '../protocol/absent.ts';
import type { GpuReading } from './gpus/provider.ts';
import { createSampler } from './sampler.ts';
import { createSystem } from './system.ts';

it('takes a sample also where messages and holders cannot be looked for', () => {
  const reading: GpuReading = {
    known: true,
    facts: [{ ...noGpuFacts, index: 0, vendor: 'NVIDIA' }],
    gpus: [{ ...noGpuFigures, index: 0, health: 'ok', error: null }],
    processes: [],
    error: null,
  };
  const gpus = { read: () => reading, setInterval: () => undefined, stop: () => undefined };
  const watch = {
    news: () => {
      throw new Error('odd file');
    },
    stop: () => undefined,
  };
  const sampler = createSampler(createSystem(), gpus, null, watch);
  const { facts, sample } = sampler.sample(1, 1_000, false);
  sampler.close();
  expect(facts?.gpus).toHaveLength(1);
  expect(sample.gpus?.index).toEqual([0]);
  expect(sample.collectors.gpus.error).toMatch(/holders: odd file/);
});
