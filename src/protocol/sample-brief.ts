import type { Sample } from '../protocol/sample.ts';
import { briefGpus, type GpuBrief } from './gpu-brief.ts';
import { type SampleFigures, sampleFigures } from './sample-figures.ts';

/** What is taken out of a sample where it is checked, because the sample itself is kept unread. */
export interface SampleBrief {
  /** Null for a node without GPUs. */
  gpus: GpuBrief | null;
  /** Null where no point of the charts is due. */
  figures: SampleFigures | null;
}

/** Pure. Costs a few numbers for each GPU, and where a point is due those of the charts. */
export function briefSample(sample: Sample, isPointDue: boolean): SampleBrief {
  return { gpus: briefGpus(sample), figures: isPointDue ? sampleFigures(sample) : null };
}
