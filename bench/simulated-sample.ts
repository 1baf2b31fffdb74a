import { createRandom } from '../src/lib/random.ts';
import { noGpuFigures } from '../src/protocol/absent.ts';
import { collectorNames } from '../src/protocol/collector-names.ts';
import {
  gpuColumnNames,
  gpuProcessColumnNames,
  toColumns,
  topProcessColumnNames,
} from '../src/protocol/columns.ts';
import { PROTOCOL_VERSION } from '../src/protocol/constants.ts';
import type { Sample } from '../src/protocol/sample.ts';

/**
 * What a busy node says: 8 GPUs with 16 processes, 10 top processes, 64 cores; other figures each time, which fit
 * together: what a GPU holds is what its processes hold, and siblings are alike.
 */

const GPUS = 8;
const GPU_PROCESSES = 16;
const TOP_PROCESSES = 10;
const CORES = 64;
const GIB = 1024 ** 3;
const random = createRandom(1);
const some = (limit: number) => Math.floor(random() * limit);

const gpuFacts = Array.from({ length: GPUS }, (_, index) => ({
  index,
  uuid: `GPU-5c4d7a10-0000-0000-0000-00000000000${index}`,
  name: 'NVIDIA H100 80GB HBM3',
  vendor: 'NVIDIA',
  pciAddress: `00000000:${10 + index}:00.0`,
  memoryTotalBytes: 80 * GIB,
  powerLimitWatts: 700,
  driverVersion: '580.105.08',
}));

/** What a GPU without processes holds. */
const DRIVER_BYTES = GIB / 2;

/** `mark` is the mount point of a file system. */
export function simulatedSample(sequence: number, intervalMs: number, mark = '/scratch'): Sample {
  const heldBytes = Array.from({ length: GPU_PROCESSES }, () => (10 + some(25)) * GIB);
  const usedBytes = (gpu: number) =>
    heldBytes.filter((_, at) => at % GPUS === gpu).reduce((sum, bytes) => sum + bytes, DRIVER_BYTES);
  return {
    type: 'sample',
    sequence,
    takenAtMs: Date.now(),
    intervalMs,
    collectors: Object.fromEntries(
      collectorNames.map((name) => [name, { ok: true, ms: some(100) / 100 }]),
    ) as Sample['collectors'],
    cpu: {
      totalPercent: some(1000) / 10,
      corePercents: Array.from({ length: CORES }, () => some(100)),
      load1: some(6400) / 100,
      load5: some(6400) / 100,
      load15: some(6400) / 100,
    },
    memory: {
      totalBytes: 1024 * GIB,
      availableBytes: some(1024) * GIB,
      usedBytes: some(1024) * GIB,
      swapTotalBytes: 0,
      swapUsedBytes: 0,
    },
    filesystems: ['/', '/home', mark].map((mountPoint) => ({
      mountPoint,
      source: '/dev/nvme0n1p1',
      fsType: 'ext4',
      kind: 'SSD',
      totalBytes: 1800 * GIB,
      usedBytes: some(1800) * GIB,
      availableBytes: some(1800) * GIB,
      readOnly: false,
    })),
    disks: [
      {
        name: 'nvme0n1',
        readBytesPerSecond: some(1e9),
        writeBytesPerSecond: some(1e9),
        busyPercent: some(100),
      },
    ],
    network: [{ name: 'eno1', receiveBytesPerSecond: some(1e9), transmitBytesPerSecond: some(1e9) }],
    gpus: toColumns(
      Array.from({ length: GPUS }, (_, index) => ({
        ...noGpuFigures,
        index,
        health: 'ok',
        error: null,
        utilizationPercent: some(100),
        memoryUtilizationPercent: some(100),
        memoryUsedBytes: usedBytes(index),
        memoryFreeBytes: 80 * GIB - usedBytes(index),
        temperatureCelsius: 60 + some(12),
        powerWatts: 400 + some(30000) / 100,
        smClockMHz: some(1980),
        memoryClockMHz: 2619,
        performanceState: 'P0',
        encoderPercent: 0,
        decoderPercent: 0,
        bar1UsedBytes: 2 * 1024 * 1024,
        memoryTemperatureCelsius: some(95),
        energyJoules: some(1e9),
        throttleReasons: '',
        pcieGeneration: 5,
        pcieWidth: 16,
        pcieReceiveBytesPerSecond: some(1e9),
        pcieTransmitBytesPerSecond: some(1e9),
        nvlinkReceiveBytesPerSecond: some(1e11),
        nvlinkTransmitBytesPerSecond: some(1e11),
      })),
      gpuColumnNames,
    ),
    gpuProcesses: toColumns(
      Array.from({ length: GPU_PROCESSES }, (_, at) => ({
        pid: 1_000_000 + at,
        gpuIndex: at % GPUS,
        type: 'C',
        gpuMemoryUtilizationPercent: some(100),
        gpuEncoderPercent: 0,
        gpuDecoderPercent: 0,
        gpuMemoryBytes: heldBytes[at] ?? null,
        gpuUtilizationPercent: some(100),
        state: 'R',
        cpuPercent: some(1000) / 10,
        residentBytes: some(GIB),
        treeCpuPercent: some(10000) / 10,
        treeResidentBytes: some(64) * GIB,
      })),
      gpuProcessColumnNames,
    ),
    processCount: 500,
    topProcesses: toColumns(
      Array.from({ length: TOP_PROCESSES }, (_, at) => ({
        pid: 1_000_000 + at,
        state: 'R',
        cpuPercent: some(1000) / 10,
        residentBytes: some(GIB),
      })),
      topProcessColumnNames,
    ),
    jobs: null,
  };
}

export const simulatedFacts = {
  type: 'facts',
  gpus: gpuFacts,
  processes: Array.from({ length: GPU_PROCESSES }, (_, at) => ({
    pid: 1_000_000 + at,
    startTimeMs: Date.now() - some(1e8),
    user: 'mkaur',
    command: 'python',
    arguments: 'train.py --config configs/llama_8b.yaml --bf16 --fsdp --data /data/c4',
  })),
};

export function simulatedHello(nonce: string): object {
  return {
    type: 'hello',
    protocol: PROTOCOL_VERSION,
    build: 'bench',
    nonce,
    pid: 4242,
    hostname: 'simulated',
    os: 'Debian GNU/Linux 12 (bookworm)',
    kernel: '6.1.0',
    runtime: 'v20.0.0',
    cpuModel: 'AMD EPYC 7742 64-Core Processor',
    sockets: 1,
    cores: CORES,
    threads: CORES,
    memoryTotalBytes: 1024 * GIB,
    swapTotalBytes: 0,
    clockMs: Date.now(),
    bootTimeMs: Date.now() - 1e9,
    gpus: null,
  };
}
