import type { Fault } from '../protocol/figures.ts';
import type { Message } from '../protocol/messages.ts';
import type { Sample } from '../protocol/sample.ts';
import type { SampleBrief } from '../protocol/sample-brief.ts';
import type { Failure } from './causes.ts';
import type { Way } from './failure-detail.ts';
import type { TransportName } from './node-report.ts';

/** A node of a list. */
export interface ListedNode {
  name: string;
  tags?: readonly string[];
  /** False: left alone by a setting. */
  enabled?: boolean;
}

/** How a node is reached. */
export interface Connection {
  way: Way;
  transport: TransportName;
  transportReason?: string | null;
  logPath: string | null;
}

/**
 * All that a source of figures says. The fleet over SSH, its threads and the demo emit nothing else, and
 * `state.take` is the only door in.
 */
export type FleetEvent =
  /** All nodes of the source, in their order: unknown ones came, missing ones are gone, some are switched off. */
  | { kind: 'listed'; nodes: readonly ListedNode[] }
  /** A connection said hello: its figures may follow. */
  | { kind: 'connected'; name: string; connection: Connection }
  /** What a monitor said: hello, facts; also a sample of a source in this process, which has no line. */
  | { kind: 'message'; name: string; message: Message; faults: readonly Fault[] }
  /**
   * A sample: what is read of each, and the whole as the JSON that came, which most often nobody has read. Its bytes are
   * whole's own only until `take` returns.
   */
  | { kind: 'sample'; name: string; brief: SampleBrief; whole: Uint8Array }
  /** A sample from before now, for the charts alone. `atMs`: epoch ms; older ones first. */
  | { kind: 'past-sample'; name: string; sample: Sample; atMs: number }
  /** The last attempt or connection failed. Its story stays until the next sample. */
  | { kind: 'failed'; name: string; failure: Failure; logPath: string | null };

/** Where a source says what it has to say. */
export type Emit = (event: FleetEvent) => void;
