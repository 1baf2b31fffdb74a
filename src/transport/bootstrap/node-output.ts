import { createByteLineSplitter, createLineSplitter } from '../../lib/line-splitter.ts';
import { MAX_MESSAGE_BYTES } from '../../protocol/constants.ts';
import type { Channel } from '../transport.ts';
import type { MessageMeter } from './message-meter.ts';

const MAX_ERROR_LINE_BYTES = 4096;

export interface NodeOutputOptions {
  meter: MessageMeter;
  /** Nothing is read any more. */
  isOver: () => boolean;
  /** How many bytes of output may have come by now. */
  limitBytes: () => number;
  /** Its bytes are its own only meanwhile. */
  onLine: (line: Buffer) => void;
  onErrorLine: (line: string) => void;
  /** It sent what no monitor sends; `isFlood` where it is not what it sends but how much. */
  onExcess: (detail: string, isFlood: boolean) => void;
}

export interface NodeOutput {
  /** What came after the last line end. */
  rest(): string;
  errorRest(): string;
}

/** Reads a channel line by line. What a node sends may cost the head so much room and time, and no more. */
export function readNodeOutput(channel: Channel, options: NodeOutputOptions): NodeOutput {
  const { meter, isOver, limitBytes, onLine, onErrorLine, onExcess } = options;
  let heardBytes = 0;

  const tooLong = () => onExcess(`a line longer than ${MAX_MESSAGE_BYTES} bytes`, false);
  const out = createByteLineSplitter(MAX_MESSAGE_BYTES, onLine, tooLong);
  const err = createLineSplitter(MAX_ERROR_LINE_BYTES, onErrorLine, () => undefined);

  function takeStdout(chunk: Buffer): void {
    heardBytes += chunk.length;
    if (heardBytes > limitBytes()) onExcess('endless text before the first message', false);
    else out.push(chunk);
  }

  function takeStderr(chunk: Buffer): void {
    const excess = meter.countErrorOutput(chunk.length);
    if (excess === null) return err.push(chunk);
    err.push(chunk.subarray(0, MAX_ERROR_LINE_BYTES));
    onExcess(excess, true);
  }

  const metered = (take: (chunk: Buffer) => void) => (chunk: Buffer) => {
    if (isOver()) return;
    const startedMs = performance.now();
    take(chunk);
    const excess = meter.countTime(performance.now() - startedMs);
    if (excess !== null && !isOver()) onExcess(excess, true);
  };

  channel.onStdout(metered(takeStdout));
  channel.onStderr(metered(takeStderr));
  return { rest: out.rest, errorRest: err.rest };
}
