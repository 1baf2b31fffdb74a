import type { noGpuProcessFigures } from '../../protocol/absent.ts';
import type { GpuFacts } from '../../protocol/gpu-facts.ts';
import type { GpuProcessSample, GpuSample } from '../../protocol/sample.ts';

/** What a vendor's tool says about one process on one GPU. */
export type GpuProcessReading = Pick<GpuProcessSample, 'pid' | 'gpuIndex' | keyof typeof noGpuProcessFigures>;

/** What a provider knows now. Reading never waits and never starts a program. */
export interface GpuReading {
  /** False until the tool has answered or failed for the first time. */
  known: boolean;
  facts: GpuFacts[];
  gpus: GpuSample[];
  processes: GpuProcessReading[];
  /** Null where all is well. */
  error: string | null;
  /** A word about rows that are good, such as that some are left out. */
  note?: string;
}

/** One vendor's way to its GPUs; one per file. */
export interface GpuProvider {
  readonly vendor: string;
  /** Whether this node has such GPUs or their tool; cheap. */
  isPresent(): boolean;
  start(intervalMs: number): void;
  /** `watched`: somebody looks, so that fast figures are worth more of a tool's time. */
  setInterval(intervalMs: number, watched: boolean): void;
  read(): GpuReading;
  /** Ends every program that was started; returns at once. */
  stop(): void;
}
