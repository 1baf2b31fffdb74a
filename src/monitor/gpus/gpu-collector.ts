import type { GpuFacts } from '../../protocol/gpu-facts.ts';
import type { GpuProcessReading, GpuProvider, GpuReading } from './provider.ts';

/** All vendors of one node side by side. An index that two vendors use is moved on for the second. */
export interface GpuCollector {
  read(): GpuReading;
  setInterval(intervalMs: number): void;
  stop(): void;
}

export function createGpuCollector(providers: readonly GpuProvider[], intervalMs: number): GpuCollector {
  const present = providers.filter((provider) => provider.isPresent());
  for (const provider of present) provider.start(intervalMs);
  return {
    read: () => mergeReadings(present.map((provider) => provider.read())),
    setInterval(ms) {
      for (const provider of present) provider.setInterval(ms);
    },
    stop() {
      for (const provider of present) provider.stop();
    },
  };
}

/** Puts the vendors' rows behind one another, with indexes that stay unique. */
export function mergeReadings(readings: readonly GpuReading[]): GpuReading {
  const merged: GpuReading = { known: true, facts: [], gpus: [], processes: [], error: null };
  let offset = 0;
  for (const reading of readings) {
    const shift = offset;
    merged.known &&= reading.known;
    merged.facts.push(...reading.facts.map((row): GpuFacts => ({ ...row, index: row.index + shift })));
    merged.gpus.push(...reading.gpus.map((row) => ({ ...row, index: row.index + shift })));
    merged.processes.push(
      ...reading.processes.map((row): GpuProcessReading => ({ ...row, gpuIndex: row.gpuIndex + shift })),
    );
    if (reading.error !== null) merged.error = [merged.error, reading.error].filter(Boolean).join('; ');
    offset = merged.facts.reduce((highest, row) => Math.max(highest, row.index + 1), offset);
  }
  return merged;
}
