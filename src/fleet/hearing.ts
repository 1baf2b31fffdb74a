import type { Fault } from '../protocol/figures.ts';
import type { Message } from '../protocol/messages.ts';
import type { SampleBrief } from '../protocol/sample-brief.ts';
import type { Emit } from '../report/fleet-event.ts';
import type { NodeLog } from './node-log.ts';

/** What is heard of one node's monitors, one after the other: it is handed on, and samples are counted. */
export interface Hearing {
  /** Another monitor is about to be started. */
  begin(): void;
  /** It has said hello; its silence counts from now on. */
  connected(): void;
  take(message: Message, faults: Fault[]): void;
  /** `whole`: its bytes are its own only meanwhile. */
  takeSample(brief: SampleBrief, whole: Uint8Array): void;
  /** Of the last sample; 0 before the first. */
  lastSequence(): number;
  /** How long no sample has come. */
  silentMs(): number;
  /** The head did not run for so long: what nodes said meanwhile has yet to be read. */
  slept(ms: number): void;
}

export interface HearingOptions {
  name: string;
  emit: Emit;
  log: NodeLog;
  monotonicMs: () => number;
  /** The connection has brought samples for a while. */
  onSettled: () => void;
}

const SETTLED_AFTER_MS = 60_000;

/** Hears samples of one node and hands them on; times are monotonic milliseconds. */
export function createHearing({ name, emit, log, monotonicMs, onSettled }: HearingOptions): Hearing {
  /** Null before the hello. */
  let connectedMs: number | null = null;
  let lastSampleMs = 0;
  let lastSequence = 0;

  return {
    begin() {
      connectedMs = null;
      lastSequence = 0;
    },
    connected() {
      connectedMs = lastSampleMs = monotonicMs();
    },
    take: (message, faults) => emit({ kind: 'message', name, message, faults }),
    takeSample(brief, whole) {
      if (lastSequence === 0) log.write('first sample received');
      lastSampleMs = monotonicMs();
      lastSequence = brief.sequence;
      if (connectedMs !== null && lastSampleMs - connectedMs > SETTLED_AFTER_MS) onSettled();
      emit({ kind: 'sample', name, brief, whole });
    },
    lastSequence: () => lastSequence,
    silentMs: () => monotonicMs() - lastSampleMs,
    slept(ms) {
      lastSampleMs += ms;
    },
  };
}
