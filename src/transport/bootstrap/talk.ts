import { createLineSplitter } from '../../lib/line-splitter.ts';
import { MAX_MESSAGE_BYTES, MAX_NOISE_BYTES } from '../../protocol/constants.ts';
import type { Fault } from '../../protocol/figures.ts';
import type { Hello } from '../../protocol/hello.ts';
import { type Message, parseMessage } from '../../protocol/messages.ts';
import type { Failure, Stage } from '../../report/causes.ts';
import type { FailureDetail, Way } from '../../report/failure-detail.ts';
import { createFailure, toLastLines } from '../../report/failures.ts';
import { type Channel, type ChannelEnd, TransportError } from '../transport.ts';
import { explainEarlyEnd, explainFarewell } from './bootstrap-failures.ts';
import { withoutOurCommand } from './login-words.ts';
import { createMessageMeter } from './message-meter.ts';
import { createSaidLines } from './said-lines.ts';

export class BootstrapError extends TransportError {}

export interface TalkOptions {
  way: Way;
  signal: AbortSignal;
  /** Every message in order, `hello` first. */
  onMessage: (message: Message, faults: Fault[], line: string) => void;
  /** Lines of the node's error output and login noise; of a flood only some. */
  onLine?: (line: string) => void;
  /** Limit of each stage that is not the transport's own. */
  stageLimitMs?: number;
  /** What was given to the login: where that quotes it, it is cut out. */
  command?: string;
}

const STAGE_LIMIT_MS = 10_000;
const MAX_ERROR_LINE_BYTES = 4096;

/** The conversation on one channel: lines before `hello` are noise or marks, after it messages. */
export interface Talk {
  readonly channel: Channel;
  /** What the node said last beside its messages. */
  lastLines(): readonly string[];
  /** Waits for a line that `read` understands. */
  await<T>(stage: Stage, read: (line: string) => T | null, limitMs?: number): Promise<T>;
  awaitHello(nonce: string): Promise<Hello>;
  /** Notes why the conversation cannot go on, and closes it. */
  fail(detail: FailureDetail): void;
  failure(): Promise<TransportError>;
  readonly ended: Promise<Failure | null>;
}

/** Listens to the channel from now on. Every wait rejects with a `BootstrapError` once the conversation has failed. */
export function createTalk(options: TalkOptions, channel: Channel): Talk {
  const { way, onMessage, command = '' } = options;
  const stageLimitMs = options.stageLimitMs ?? STAGE_LIMIT_MS;
  const said = createSaidLines(options.onLine ?? (() => undefined));
  const meter = createMessageMeter();
  let heardBytes = 0;
  let failed: Failure | null = null;
  let farewell: string | null = null;
  let sequence = 0;
  let stage: Stage = 'shell';
  let spoken = false;
  let reader: ((line: string) => void) | null = null;
  /** Lines of the bootstrap that came before somebody waited for them; as bounded as all that comes before hello. */
  let unread: string[] = [];
  let greeted = false;

  function fail(detail: FailureDetail): void {
    failed ??= createFailure(way, detail, said.last);
    channel.close();
  }

  function refuse(line: string, detail: string): void {
    said.take(line);
    fail({ cause: 'protocol', detail });
  }

  /** Beside the messages. */
  const sayAside = (line: string) => said.take(greeted ? line : withoutOurCommand(line, command));

  function takeNoise(line: string): void {
    spoken = true;
    sayAside(line);
  }

  function takeMessage(line: string): void {
    const excess = meter.count(line.length);
    if (excess !== null) return fail({ cause: 'protocol', detail: excess, isFlood: true });
    const parsed = parseMessage(line);
    if (!parsed.ok) return refuse(line, parsed.reason);
    const { message } = parsed;
    if (message.type === 'hello') return refuse(line, 'a second hello');
    if (farewell !== null) return refuse(line, 'a message after the last one');
    if (message.type === 'bye') farewell = message.reason;
    if (message.type === 'sample') {
      if (message.sequence <= sequence)
        return refuse(line, `sample ${message.sequence} after sample ${sequence}`);
      sequence = message.sequence;
    }
    onMessage(message, parsed.faults, line);
  }

  function takeLine(line: string): void {
    if (failed !== null) return;
    if (greeted) takeMessage(line);
    else if (reader) reader(line);
    else unread.push(line);
  }

  const tooLong = () => fail({ cause: 'protocol', detail: `a line longer than ${MAX_MESSAGE_BYTES} bytes` });
  const out = createLineSplitter(MAX_MESSAGE_BYTES, takeLine, tooLong);
  const err = createLineSplitter(MAX_ERROR_LINE_BYTES, sayAside, () => undefined);

  /** Only the hello itself may be large. */
  function isEndless(size: number): boolean {
    if (greeted) return false;
    heardBytes += size;
    return heardBytes > MAX_NOISE_BYTES + (stage === 'hello' ? MAX_MESSAGE_BYTES : 0);
  }

  function takeStdout(chunk: Buffer): void {
    if (isEndless(chunk.length)) fail({ cause: 'protocol', detail: 'endless text before the first message' });
    else out.push(chunk);
  }

  function takeStderr(chunk: Buffer): void {
    const excess = meter.countErrorOutput(chunk.length);
    if (excess === null) return err.push(chunk);
    err.push(chunk.subarray(0, MAX_ERROR_LINE_BYTES));
    fail({ cause: 'protocol', detail: excess, isFlood: true });
  }

  /** What a node sends may cost the head so much time and no more. */
  const metered = (take: (chunk: Buffer) => void) => (chunk: Buffer) => {
    if (failed !== null) return;
    const startedMs = performance.now();
    take(chunk);
    const excess = meter.countTime(performance.now() - startedMs);
    if (excess !== null && failed === null) fail({ cause: 'protocol', detail: excess, isFlood: true });
  };

  channel.onStdout(metered(takeStdout));
  channel.onStderr(metered(takeStderr));

  const ended: Promise<Failure | null> = channel.ended.then((end) => {
    if (failed === null) {
      for (const line of unread) sayAside(line);
      if (!greeted || end.failure) sayAside(out.rest());
      sayAside(err.rest());
    }
    said.finish();
    return explainEnd(end);
  });

  function explainEnd(end: ChannelEnd): Failure | null {
    if (failed !== null) return failed;
    if (end.failure !== null)
      return { ...end.failure, lastLines: toLastLines([...end.failure.lastLines, ...said.last]) };
    if (!greeted) return createFailure(way, explainEarlyEnd(stage, end, said.last), said.last);
    if (farewell !== null && (options.signal.aborted || farewell.includes('said stop'))) return null;
    return createFailure(way, explainFarewell(farewell, end), said.last);
  }

  async function failure(): Promise<TransportError> {
    const end = await ended;
    // What the node said on its way out may be read only after its end.
    return new BootstrapError(
      failed ?? end ?? createFailure(way, { cause: 'closed', stage, detail: 'the node ended it' }),
    );
  }

  /** A login that has said other things and no mark runs something else. */
  function timedOut(limitMs: number): void {
    const isWrapped = stage === 'shell' && spoken;
    fail(
      isWrapped
        ? { cause: 'forced-command', detail: said.last.at(-1) ?? '' }
        : { cause: 'timeout', stage, limitMs },
    );
  }

  function awaitLine<T>(
    nextStage: Stage,
    read: (line: string) => T | null,
    limitMs = stageLimitMs,
  ): Promise<T> {
    stage = nextStage;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => timedOut(limitMs), limitMs);
      const finish = () => {
        clearTimeout(timer);
        reader = null;
      };
      reader = (line) => {
        const value = read(line);
        if (value === null) return takeNoise(line);
        finish();
        resolve(value);
      };
      const lines = unread;
      unread = [];
      for (const line of lines) takeLine(line);
      failure().then((error) => {
        finish();
        reject(error);
      });
    });
  }

  function readHello(line: string, nonce: string): Hello | null {
    if (!line.startsWith('{')) return null;
    const parsed = parseMessage(line);
    if (!parsed.ok) {
      if (line.includes(nonce)) refuse(line, `hello: ${parsed.reason}`);
      return null;
    }
    const hello = parsed.message;
    if (hello.type !== 'hello') return null;
    if (hello.nonce !== nonce) refuse(line, 'hello with a wrong nonce');
    else {
      greeted = true;
      onMessage(hello, parsed.faults, line);
      return hello;
    }
    return null;
  }

  return {
    channel,
    lastLines: () => said.last,
    await: awaitLine,
    awaitHello: (nonce) => awaitLine('hello', (line) => readHello(line, nonce)),
    fail,
    failure,
    ended,
  };
}
