import { z } from 'zod';
import type { RowValues } from './column-kinds.ts';
import { propertySchemas } from './column-schemas.ts';
import { gpuProperties } from './gpu-columns.ts';

/**
 * What stays the same about one GPU, or changes so seldom that it need not come with every sample. Absent
 * properties are null. `index` is what `CUDA_DEVICE_ORDER=PCI_BUS_ID` gives; a MIG instance has an index of
 * its own beyond `FIRST_MIG_INDEX` and its GPU's in `parentIndex`.
 */
export const gpuFactsSchema = z.object(propertySchemas('gpus', gpuProperties));
export type GpuFacts = RowValues<typeof gpuProperties>;
