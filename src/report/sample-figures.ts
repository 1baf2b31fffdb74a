import type { NetworkSample, Sample } from '../protocol/sample.ts';

/** The figures of a sample that charts show, as plain numbers that cost little to hand to another thread. */
export interface SampleFigures {
  /** In the order of `machineFigures`; NaN where absent. */
  machine: number[];
  gpuIndex: number[];
  /** For each GPU in the order of `gpuFigures`; NaN where absent. */
  gpuValues: number[];
  /** All jobs that the sample tells of; which of them are kept is not decided here. */
  jobs: { key: string[]; cpuPercent: (number | null)[]; residentBytes: (number | null)[] } | null;
  /** A row per process and GPU. */
  processes: { pid: number[]; gpuMemoryBytes: (number | null)[] } | null;
}

const numberOf = (value: number | null | undefined) => value ?? Number.NaN;

/** NaN where no row has a value: nothing known is not zero. */
function sumOf<Row>(rows: readonly Row[] | null, valueIn: (row: Row) => number | null): number {
  let sum = Number.NaN;
  for (const row of rows ?? []) {
    const value = valueIn(row);
    if (value !== null) sum = Number.isNaN(sum) ? value : sum + value;
  }
  return sum;
}

function largestOf<Row>(rows: readonly Row[] | null, valueIn: (row: Row) => number | null): number {
  let largest = Number.NaN;
  for (const row of rows ?? []) {
    const value = valueIn(row);
    if (value !== null && !(value <= largest)) largest = value;
  }
  return largest;
}

const receive = (link: NetworkSample) => link.receiveBytesPerSecond;
const transmit = (link: NetworkSample) => link.transmitBytesPerSecond;

/** Links and disks are summed; of the disks, the busiest one's share of time. */
export function sampleFigures({
  cpu,
  memory,
  network,
  disks,
  gpus,
  gpuProcesses,
  jobs,
}: Sample): SampleFigures {
  const gpuValues: number[] = [];
  gpus?.index.forEach((_, at) => {
    gpuValues.push(
      numberOf(gpus.utilizationPercent[at]),
      numberOf(gpus.memoryUsedBytes[at]),
      numberOf(gpus.temperatureCelsius[at]),
      numberOf(gpus.powerWatts[at]),
    );
  });
  return {
    machine: [
      numberOf(cpu?.totalPercent),
      numberOf(memory?.usedBytes),
      numberOf(memory?.swapUsedBytes),
      sumOf(network, receive),
      sumOf(network, transmit),
      sumOf(disks, (disk) => disk.readBytesPerSecond),
      sumOf(disks, (disk) => disk.writeBytesPerSecond),
      largestOf(disks, (disk) => disk.busyPercent),
    ],
    gpuIndex: gpus?.index ?? [],
    gpuValues,
    jobs: jobs && { key: jobs.key, cpuPercent: jobs.cpuPercent, residentBytes: jobs.residentBytes },
    processes: gpuProcesses && { pid: gpuProcesses.pid, gpuMemoryBytes: gpuProcesses.gpuMemoryBytes },
  };
}
