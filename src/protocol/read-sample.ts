import type { Fault } from '../protocol/figures.ts';
import { parseMessage } from '../protocol/messages.ts';
import { type CollectorName, collectorNames, type Sample } from '../protocol/sample.ts';

/** Reads a line that was found good when it came. */
export function readSampleLine(line: string): Sample {
  const parsed = parseMessage(line);
  if (!parsed.ok || parsed.message.type !== 'sample')
    throw new Error('a line that is no sample was kept as one');
  noteFaults(parsed.message, parsed.faults);
  return parsed.message;
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
