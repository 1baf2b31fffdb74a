import { toShortFloat } from '../lib/short-floats.ts';
import { briefGpus, type GpuBrief } from './brief-gpus.ts';
import { briefJobs, type JobBrief } from './brief-jobs.ts';
import { collectorNames } from './collector-names.ts';
import type { KnownFacts } from './known-facts.ts';
import type { NetworkSample } from './sample.ts';
import type { ToldSample } from './told-sample.ts';

/**
 * The short part of a sample, which the head reads each time; the whole of it is read once somebody asks. Figures are
 * short floats, `ABSENT` where nothing is known: what charts keep, and half the bytes of digits. They stand in plain
 * lists: typed arrays of this size have memory of their own outside of V8's heap, which costs more than it saves. No zod:
 * the monitor makes it.
 */
export interface SampleBrief {
  sequence: number;
  intervalMs: number | null;
  /** Collectors that could not read: a bit each, the lowest the first of `collectorNames`. */
  failedCollectors: number;
  /** In the order of `machineBriefFigures`. */
  machine: readonly number[];
  /** Null for a node without GPUs, and where they are not known. */
  gpus: GpuBrief | null;
  /** Null where they are not known. */
  jobs: JobBrief | null;
}

/** Null where no row has a value: nothing known is not zero. */
function sumOf<Row>(rows: readonly Row[] | null, valueIn: (row: Row) => number | null): number | null {
  let sum: number | null = null;
  for (const row of rows ?? []) {
    const value = valueIn(row);
    if (value !== null) sum = (sum ?? 0) + value;
  }
  return sum;
}

function largestOf<Row>(rows: readonly Row[] | null, valueIn: (row: Row) => number | null): number | null {
  let largest: number | null = null;
  for (const row of rows ?? []) {
    const value = valueIn(row);
    if (value !== null && value >= (largest ?? value)) largest = value;
  }
  return largest;
}

const receive = (link: NetworkSample) => link.receiveBytesPerSecond;
const transmit = (link: NetworkSample) => link.transmitBytesPerSecond;

interface MachineFigure {
  max: number;
  read(sample: ToldSample): number | null | undefined;
}

/** Links and disks are summed; of the disks, the busiest one's share of time. */
export const machineBriefFigures: readonly MachineFigure[] = [
  { max: 100, read: ({ cpu }) => cpu?.totalPercent },
  { max: Number.MAX_SAFE_INTEGER, read: ({ memory }) => memory?.usedBytes },
  { max: Number.MAX_SAFE_INTEGER, read: ({ memory }) => memory?.swapUsedBytes },
  { max: Number.MAX_VALUE, read: ({ network }) => sumOf(network, receive) },
  { max: Number.MAX_VALUE, read: ({ network }) => sumOf(network, transmit) },
  { max: Number.MAX_VALUE, read: ({ disks }) => sumOf(disks, (disk) => disk.readBytesPerSecond) },
  { max: Number.MAX_VALUE, read: ({ disks }) => sumOf(disks, (disk) => disk.writeBytesPerSecond) },
  { max: 100, read: ({ disks }) => largestOf(disks, (disk) => disk.busyPercent) },
];

/** Pure. `facts`: what was told of processes by then, which says whose their GPU memory is. */
export function briefSample(sample: ToldSample, facts: Pick<KnownFacts, 'processes'>): SampleBrief {
  let failedCollectors = 0;
  collectorNames.forEach((name, bit) => {
    if (!sample.collectors[name].ok) failedCollectors |= 1 << bit;
  });
  return {
    sequence: sample.sequence,
    intervalMs: sample.intervalMs,
    failedCollectors,
    machine: machineBriefFigures.map(({ read }) => toShortFloat(read(sample) ?? Number.NaN)),
    gpus: briefGpus(sample),
    jobs: briefJobs(sample, facts),
  };
}
