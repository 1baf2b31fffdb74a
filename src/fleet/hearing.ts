import type { Fault } from '../protocol/figures.ts';
import type { Message } from '../protocol/messages.ts';
import type { Emit } from '../report/fleet-event.ts';
import { briefSample } from '../report/sample-brief.ts';
import { isPointDue } from '../report/series.ts';
import type { NodeLog } from './node-log.ts';

/** What is heard of one node's monitors, one after the other: it is handed on, and samples are counted. */
export interface Hearing {
  /** Another monitor is about to be started. */
  begin(): void;
  /** It has said hello; its silence counts from now on. */
  connected(): void;
  take(message: Message, faults: Fault[], line: string): void;
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
  let lastPointMs: number | null = null;
  let lastSequence = 0;

  return {
    begin() {
      connectedMs = null;
      lastSequence = 0;
    },
    connected() {
      connectedMs = lastSampleMs = monotonicMs();
    },
    take(message, faults, line) {
      if (message.type !== 'sample') return emit({ kind: 'message', name, message, faults });
      if (lastSequence === 0) log.write('first sample received');
      lastSampleMs = monotonicMs();
      lastSequence = message.sequence;
      if (connectedMs !== null && lastSampleMs - connectedMs > SETTLED_AFTER_MS) onSettled();
      const isDue = isPointDue(lastPointMs, lastSampleMs);
      if (isDue) lastPointMs = lastSampleMs;
      // The line is good as it is; it is read again once somebody asks for it.
      emit({
        kind: 'sample',
        name,
        line,
        intervalMs: message.intervalMs,
        brief: briefSample(message, isDue),
      });
    },
    lastSequence: () => lastSequence,
    silentMs: () => monotonicMs() - lastSampleMs,
    slept(ms) {
      lastSampleMs += ms;
    },
  };
}
