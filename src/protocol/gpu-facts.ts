import { z } from 'zod';
import type { noGpuFacts } from './absent.ts';
import { bytes, count, figure, text, watts } from './figures.ts';

const word = (max: number) => text(max).nullable().default(null);
const yesOrNo = z.boolean().nullable().default(null);
const celsius = (name: string) => figure('gpus', name, -60, 250);
const megahertz = (name: string) => figure('gpus', name, 0, 100_000);

/**
 * What stays the same about one GPU, or changes so seldom that it need not come with every sample. Absent
 * properties are null. `index` is what `CUDA_DEVICE_ORDER=PCI_BUS_ID` gives; a MIG instance has an index of
 * its own beyond `FIRST_MIG_INDEX` and its GPU's in `parentIndex`.
 */
export const gpuFactsSchema = z.object({
  index: z.number().int().min(0).max(4095),
  uuid: word(100),
  name: word(200),
  vendor: text(40),
  pciAddress: word(40),
  parentIndex: z.number().int().min(0).max(4095).nullable().default(null),
  /** `1/0`: number of the GPU instance and of the compute instance. */
  migInstance: word(20),
  /** The GPU works in the host's memory: its figures are the host's. */
  unifiedMemory: z.boolean().default(false),
  memoryTotalBytes: bytes('gpus', 'memoryTotalBytes'),
  /** Kept by the driver for itself; no process holds it. */
  memoryReservedBytes: bytes('gpus', 'memoryReservedBytes'),
  bar1TotalBytes: bytes('gpus', 'bar1TotalBytes'),
  /** In force now. */
  powerLimitWatts: watts('gpus', 'powerLimitWatts'),
  powerLimitDefaultWatts: watts('gpus', 'powerLimitDefaultWatts'),
  powerLimitMaxWatts: watts('gpus', 'powerLimitMaxWatts'),
  slowdownCelsius: celsius('slowdownCelsius'),
  shutdownCelsius: celsius('shutdownCelsius'),
  memoryLimitCelsius: celsius('memoryLimitCelsius'),
  smClockMaxMHz: megahertz('smClockMaxMHz'),
  memoryClockMaxMHz: megahertz('memoryClockMaxMHz'),
  /** What both ends of the link can do. */
  pcieGenerationMax: figure('gpus', 'pcieGenerationMax', 0, 20),
  pcieWidthMax: figure('gpus', 'pcieWidthMax', 0, 64),
  nvlinksActive: count('gpus', 'nvlinksActive'),
  nvlinksTotal: count('gpus', 'nvlinksTotal'),
  eccEnabled: yesOrNo,
  /** Volatile: since the driver was loaded. Aggregate: in the GPU's life. */
  eccVolatileCorrected: count('gpus', 'eccVolatileCorrected'),
  eccVolatileUncorrected: count('gpus', 'eccVolatileUncorrected'),
  eccAggregateCorrected: count('gpus', 'eccAggregateCorrected'),
  eccAggregateUncorrected: count('gpus', 'eccAggregateUncorrected'),
  retiredPagesSingleBit: count('gpus', 'retiredPagesSingleBit'),
  retiredPagesDoubleBit: count('gpus', 'retiredPagesDoubleBit'),
  retiredPagesPending: yesOrNo,
  remappedRowsCorrectable: count('gpus', 'remappedRowsCorrectable'),
  remappedRowsUncorrectable: count('gpus', 'remappedRowsUncorrectable'),
  remappedRowsPending: yesOrNo,
  remappedRowsFailed: yesOrNo,
  computeMode: word(40),
  persistenceEnabled: yesOrNo,
  migEnabled: yesOrNo,
  driverVersion: word(100),
  /** The newest CUDA that the driver supports. */
  cudaVersion: word(40),
  vbiosVersion: word(100),
} satisfies Record<'index' | 'vendor' | keyof typeof noGpuFacts, z.ZodType>);
export type GpuFacts = z.infer<typeof gpuFactsSchema>;
