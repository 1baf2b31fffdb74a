import { BRIEF_BEGIN, BRIEF_END } from '../../protocol/brief-line.ts';
import type { Fault } from '../../protocol/figures.ts';
import type { Hello } from '../../protocol/hello.ts';
import { type Message, parseMessage } from '../../protocol/messages.ts';
import { briefDifference, parseBrief } from '../../protocol/read-brief.ts';
import { readSample } from '../../protocol/read-sample.ts';
import type { SampleBrief } from '../../protocol/sample-brief.ts';

export interface MonitorMessagesOptions {
  onMessage: (message: Message, faults: Fault[]) => void;
  onSample: (brief: SampleBrief, whole: Uint8Array) => void;
  /** The line is no message, or none that may come now. */
  onRefused: (line: string, detail: string) => void;
}

/** The messages of one monitor: `hello` first, samples in order, nothing after `bye`. */
export interface MonitorMessages {
  /** Reads a line before the hello; null where it is not that. */
  takeHello(line: string, nonce: string): Hello | null;
  /** Reads a line after it. */
  take(line: Buffer): void;
  /** The next sample is read whole. */
  lookAtNext(): void;
  /** The hello has come. */
  readonly greeted: boolean;
  /** Why the monitor left, in its own words. */
  readonly farewell: string | null;
}

const FIRST_OF_SAMPLE = BRIEF_BEGIN.charCodeAt(0);
/** Nobody may ever ask for the samples of a node: some are read nevertheless, so that rubbish is found. */
const LOOK_EVERY_MS = 60_000;

/** When a sample is read whole though nobody asks: the first, then about once a minute, when nobody can tell. */
function createLooks() {
  let dueMs = Number.NEGATIVE_INFINITY;
  return {
    isDue(): boolean {
      const nowMs = performance.now();
      if (nowMs < dueMs) return false;
      dueMs = nowMs + LOOK_EVERY_MS * (0.5 + Math.random());
      return true;
    },
    demand() {
      dueMs = Number.NEGATIVE_INFINITY;
    },
  };
}

/** What is wrong with the whole of a sample; null where nothing is. */
function lookAt(whole: Uint8Array, brief: SampleBrief): string | null {
  const read = readSample(whole);
  if (!read.ok) return read.reason;
  // A refused figure is absent in the one and may be there in the other; it is told as an error of its collector.
  const other = read.faults.length > 0 ? null : briefDifference(brief, read.sample);
  return other === null ? null : `a sample and its brief tell of different ${other}`;
}

/** Reads the lines of one monitor, whose hello must come first. */
export function createMonitorMessages(options: MonitorMessagesOptions): MonitorMessages {
  const { onMessage, onSample, onRefused } = options;
  const looks = createLooks();
  let greeted = false;
  let farewell: string | null = null;
  let sequence = 0;

  function takeSample(line: Buffer): void {
    const refuse = (detail: string) => onRefused(line.toString('utf8'), detail);
    const end = line.indexOf(BRIEF_END);
    if (end < 0) return refuse('a sample without its whole');
    const parsed = parseBrief(line.toString('utf8', 0, end));
    if (!parsed.ok) return refuse(parsed.reason);
    if (farewell !== null) return refuse('a message after the last one');
    const { brief } = parsed;
    if (brief.sequence <= sequence) return refuse(`sample ${brief.sequence} after sample ${sequence}`);
    const whole = line.subarray(end + 1);
    const wrong = looks.isDue() ? lookAt(whole, brief) : null;
    if (wrong !== null) return refuse(wrong);
    sequence = brief.sequence;
    onSample(brief, whole);
  }

  function takeMessage(line: string): void {
    const parsed = parseMessage(line);
    if (!parsed.ok) return onRefused(line, parsed.reason);
    const { message } = parsed;
    if (message.type === 'hello') return onRefused(line, 'a second hello');
    if (message.type === 'sample') return onRefused(line, 'a sample without its brief');
    if (farewell !== null) return onRefused(line, 'a message after the last one');
    if (message.type === 'bye') farewell = message.reason;
    onMessage(message, parsed.faults);
  }

  return {
    takeHello(line, nonce) {
      if (!line.startsWith('{')) return null;
      const parsed = parseMessage(line);
      if (!parsed.ok) {
        if (line.includes(nonce)) onRefused(line, `hello: ${parsed.reason}`);
        return null;
      }
      const hello = parsed.message;
      if (hello.type !== 'hello') return null;
      if (hello.nonce !== nonce) {
        onRefused(line, 'hello with a wrong nonce');
        return null;
      }
      greeted = true;
      onMessage(hello, parsed.faults);
      return hello;
    },
    take(line) {
      if (line[0] === FIRST_OF_SAMPLE) takeSample(line);
      else takeMessage(line.toString('utf8'));
    },
    lookAtNext: looks.demand,
    get greeted() {
      return greeted;
    },
    get farewell() {
      return farewell;
    },
  };
}
