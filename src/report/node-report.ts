import type { NodeEvent, NodeWarning } from '../protocol/events.ts';
import type { GpuHolder, Hello } from '../protocol/hello.ts';
import type { ReportedSample } from '../protocol/reported-sample.ts';
import type { NodeScheduler } from '../protocol/scheduler.ts';
import type { Cause } from './causes.ts';
import type { GpuMark } from './marks.ts';

export const nodeStates = ['connecting', 'live', 'stale', 'unreachable', 'disabled'] as const;
export type NodeState = (typeof nodeStates)[number];

export type TransportName = 'ssh2' | 'openssh' | 'local' | 'demo';

export type ReportedHello = Omit<Hello, 'type' | 'nonce'>;

/** One element of `GET /api/v1/nodes`. */
export interface NodeReport {
  name: string;
  /** From rollcall.toml. */
  tags: string[];
  state: NodeState;
  cause: Cause | null;
  message: string | null;
  hint: string | null;
  lastLines: string[];
  transport: TransportName | null;
  /** Why it is that one; null for the usual. */
  transportReason: string | null;
  /** The node's log on the head. */
  logPath: string | null;
  /** By the head's monotonic clock; null before the first sample. */
  sampleAgeMs: number | null;
  hello: ReportedHello | null;
  sample: ReportedSample | null;
  /** Newest last. */
  events: NodeEvent[];
  warnings: NodeWarning[];
  /** What is odd about its GPUs. */
  marks: GpuMark[];
  gpuHolders: GpuHolder[];
  /** What its batch scheduler says of it; null where it has none. */
  scheduler: NodeScheduler | null;
}
