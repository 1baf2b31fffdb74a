import { MAX_MESSAGE_BYTES, MAX_NOISE_BYTES } from '../../protocol/constants.ts';
import type { Fault } from '../../protocol/figures.ts';
import type { Hello } from '../../protocol/hello.ts';
import type { Message } from '../../protocol/messages.ts';
import type { SampleBrief } from '../../protocol/sample-brief.ts';
import type { Failure, Stage } from '../../report/causes.ts';
import type { FailureDetail, Way } from '../../report/failure-detail.ts';
import { createFailure, toLastLines } from '../../report/failures.ts';
import { type Channel, type ChannelEnd, TransportError } from '../transport.ts';
import { explainEarlyEnd, explainFarewell } from './bootstrap-failures.ts';
import { withoutOurCommand } from './login-words.ts';
import { createMessageMeter } from './message-meter.ts';
import { createMonitorMessages } from './monitor-messages.ts';
import { readNodeOutput } from './node-output.ts';
import { createSaidLines } from './said-lines.ts';

export class BootstrapError extends TransportError {}

export interface TalkOptions {
  way: Way;
  signal: AbortSignal;
  /** Every message but samples in order, `hello` first. */
  onMessage: (message: Message, faults: Fault[]) => void;
  /** `whole`: JSON, mostly unread; its bytes are its own only meanwhile. */
  onSample: (brief: SampleBrief, whole: Uint8Array) => void;
  /** Lines of the node's error output and login noise; of a flood only some. */
  onLine?: (line: string) => void;
  /** Limit of each stage that is not the transport's own. */
  stageLimitMs?: number;
  /** What was given to the login: where that quotes it, it is cut out. */
  command?: string;
}

const STAGE_LIMIT_MS = 10_000;

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
  /** The next sample is read whole when it comes. */
  lookAtNext(): void;
  failure(): Promise<TransportError>;
  readonly ended: Promise<Failure | null>;
}

/** Listens to the channel from now on. Every wait rejects with a `BootstrapError` once the conversation has failed. */
export function createTalk(options: TalkOptions, channel: Channel): Talk {
  const { way, command = '' } = options;
  const stageLimitMs = options.stageLimitMs ?? STAGE_LIMIT_MS;
  const said = createSaidLines(options.onLine ?? (() => undefined));
  const meter = createMessageMeter();
  const messages = createMonitorMessages({ ...options, onRefused: refuse });
  let failed: Failure | null = null;
  let stage: Stage = 'shell';
  let spoken = false;
  let reader: ((line: string) => void) | null = null;
  /** Lines of the bootstrap that came before somebody waited for them; as bounded as all that comes before hello. */
  let unread: string[] = [];

  function fail(detail: FailureDetail): void {
    failed ??= createFailure(way, detail, said.last);
    channel.close();
  }

  function refuse(line: string, detail: string): void {
    said.take(line);
    fail({ cause: 'protocol', detail });
  }

  /** Beside the messages. */
  const sayAside = (line: string) => said.take(messages.greeted ? line : withoutOurCommand(line, command));

  function takeNoise(line: string): void {
    spoken = true;
    sayAside(line);
  }

  function takeMessage(line: Buffer): void {
    const excess = meter.count(line.length);
    if (excess === null) messages.take(line);
    else fail({ cause: 'protocol', detail: excess, isFlood: true });
  }

  function takeLine(line: Buffer): void {
    if (failed !== null) return;
    if (messages.greeted) takeMessage(line);
    else takeEarlyLine(line.toString('utf8'));
  }

  function takeEarlyLine(line: string): void {
    if (reader) reader(line);
    else unread.push(line);
  }

  /** Only the hello itself may be large. */
  function limitBytes(): number {
    if (messages.greeted) return Number.POSITIVE_INFINITY;
    return MAX_NOISE_BYTES + (stage === 'hello' ? MAX_MESSAGE_BYTES : 0);
  }

  const output = readNodeOutput(channel, {
    meter,
    isOver: () => failed !== null,
    limitBytes,
    onLine: takeLine,
    onErrorLine: sayAside,
    onExcess: (detail, isFlood) => fail({ cause: 'protocol', detail, isFlood }),
  });

  const ended: Promise<Failure | null> = channel.ended.then((end) => {
    if (failed === null) {
      for (const line of unread) sayAside(line);
      if (!messages.greeted || end.failure) sayAside(output.rest());
      sayAside(output.errorRest());
    }
    said.finish();
    return explainEnd(end);
  });

  function explainEnd(end: ChannelEnd): Failure | null {
    if (failed !== null) return failed;
    if (end.failure !== null)
      return { ...end.failure, lastLines: toLastLines([...end.failure.lastLines, ...said.last]) };
    if (!messages.greeted) return createFailure(way, explainEarlyEnd(stage, end, said.last), said.last);
    const { farewell } = messages;
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
      for (const line of lines) if (failed === null) takeEarlyLine(line);
      failure().then((error) => {
        finish();
        reject(error);
      });
    });
  }

  return {
    channel,
    lastLines: () => said.last,
    await: awaitLine,
    awaitHello: (nonce) => awaitLine('hello', (line) => messages.takeHello(line, nonce)),
    fail,
    lookAtNext: messages.lookAtNext,
    failure,
    ended,
  };
}
