import { type CollectorName, collectorNames } from './collector-names.ts';
import type { Fault } from './figures.ts';
import { parseMessage } from './messages.ts';
import type { Sample } from './sample.ts';

/** The whole of a sample, or why what came as one is none. `faults`: figures that were refused. */
export type ReadSample =
  | { ok: true; sample: Sample; faults: readonly Fault[] }
  | { ok: false; reason: string };

/** Reads what follows a brief. Never throws: rubbish gives a reason. Refused figures are noted as errors. */
export function readSample(whole: Uint8Array): ReadSample {
  const parsed = parseMessage(Buffer.from(whole.buffer, whole.byteOffset, whole.length).toString('utf8'));
  if (!parsed.ok) return parsed;
  const { message: sample, faults } = parsed;
  if (sample.type !== 'sample') return { ok: false, reason: `a ${sample.type} behind a sample's brief` };
  noteFaults(sample, faults);
  return { ok: true, sample, faults };
}

/** Refused figures show as an error of the collector that they came from. */
export function noteFaults(sample: Sample, faults: readonly Fault[]): void {
  for (const { collector, figure, value } of faults) {
    if (!isCollector(collector)) continue;
    const report = sample.collectors[collector];
    if (report?.error) continue;
    sample.collectors[collector] = {
      ok: false,
      ms: report?.ms ?? null,
      error: `${figure} out of range: ${value}`,
    };
  }
}

function isCollector(name: string): name is CollectorName {
  return (collectorNames as readonly string[]).includes(name);
}
