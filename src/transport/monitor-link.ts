import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createLineSplitter } from '../lib/line-splitter.ts';
import type { Target } from '../nodes/target.ts';
import type { Failure, Stage } from '../protocol/causes.ts';
import { MAX_MESSAGE_BYTES, MAX_NOISE_BYTES, PROTOCOL_VERSION } from '../protocol/constants.ts';
import { createFailure, type FailureDetail, type Way } from '../protocol/failures.ts';
import type { Fault } from '../protocol/figures.ts';
import type { Hello } from '../protocol/hello.ts';
import { type Command, type Message, parseMessage } from '../protocol/messages.ts';
import type { TransportName } from '../protocol/node.ts';
import {
  bootstrapCommand,
  type NodeMark,
  parseMark,
  parseUploadReply,
  restrictedBootstrapCommand,
  startLine,
  uploadLine,
} from './bootstrap.ts';
import { explainEarlyEnd, explainMissingRuntime, explainUploadFailure } from './bootstrap-failures.ts';
import { createMessageMeter } from './message-meter.ts';
import type { MonitorBundle } from './monitor-bundle.ts';
import { type RuntimeStore, runtimeInstallCommand, type ShippedRuntime } from './runtimes.ts';
import { type Channel, type ChannelEnd, type Transport, TransportError } from './transport.ts';

export interface MonitorLinkOptions {
  transport: Transport;
  target: Target;
  way: Way;
  monitor: MonitorBundle;
  runtimes: RuntimeStore;
  headId: string;
  intervalMs: number;
  /** As in `OpenOptions`. */
  demandedAtMs?: number;
  /** Runs an upload of a runtime when there is room for one more. */
  whenUploadRoom?: <T>(upload: () => Promise<T>) => Promise<T>;
  signal: AbortSignal;
  /** Every message in order, `hello` first. */
  onMessage: (message: Message, faults: Fault[]) => void;
  /** Every line of the node's error output and login noise. */
  onLine?: (line: string) => void;
  onStage?: (stage: Stage, fact: string) => void;
  /** As in `OpenOptions`. */
  onTransport?: (name: TransportName, reason: string | null) => void;
  /** Limit of each stage that is not the transport's own. */
  stageLimitMs?: number;
}

/** A monitor that has said hello. */
export interface MonitorLink {
  readonly hello: Hello;
  send(command: Command): void;
  /** Why it ended; null after an orderly stop. Never rejects. */
  readonly ended: Promise<Failure | null>;
  close(): void;
}

const STAGE_LIMIT_MS = 10_000;
/** An upload that makes no progress for so long has failed; the whole may take longer. */
const UPLOAD_STALL_MS = 60_000;
const KEPT_LINES = 20;
const UPLOAD_CHUNK_BYTES = 256 * 1024;

class BootstrapError extends TransportError {}

/** Starts a monitor on the node: one exec, runtime found or shipped, monitor sent over the same channel. */
export async function openMonitor(options: MonitorLinkOptions): Promise<MonitorLink> {
  const nonce = randomBytes(12).toString('hex');
  const { runtime } = options.target.settings;
  try {
    return await converse(options, nonce, bootstrapCommand(nonce, runtime));
  } catch (error) {
    if (!(error instanceof BootstrapError) || error.failure.cause !== 'no-shell') throw error;
    if (!error.failure.lastLines.some((line) => /restricted/i.test(line))) throw error;
    return converse(options, nonce, restrictedBootstrapCommand(nonce, runtime));
  }
}

async function converse(options: MonitorLinkOptions, nonce: string, command: string): Promise<MonitorLink> {
  const { target, signal, transport, onStage, onTransport, demandedAtMs = 0 } = options;
  const channel = await transport.open(target, {
    command,
    signal,
    demandedAtMs,
    ...(onStage ? { onStage } : {}),
    ...(onTransport ? { onTransport } : {}),
  });
  const talk = createTalk(options, channel);
  try {
    const mark = await talk.await('shell', (line) => parseMark(line, nonce));
    onStage?.('shell', `${mark.system} ${mark.machine}`);
    const { whenUploadRoom = (upload) => upload() } = options;
    if (mark.runtime === null) await whenUploadRoom(() => shipRuntime(options, talk, mark, nonce));
    onStage?.('runtime', mark.runtime ?? 'shipped by the head');
    return await startMonitor(options, talk, nonce);
  } catch (error) {
    channel.close();
    throw error;
  }
}

async function startMonitor(options: MonitorLinkOptions, talk: Talk, nonce: string): Promise<MonitorLink> {
  const { monitor, target, headId, intervalMs } = options;
  talk.channel.write(
    startLine({
      payloadBytes: monitor.gzip.length,
      payloadSha256: monitor.gzipSha256,
      build: monitor.build,
      nonce,
      intervalMs,
      node: target.name,
      headId,
    }),
  );
  talk.channel.write(monitor.gzip);
  const hello = await talk.awaitHello(nonce);
  options.onStage?.('hello', `pid ${hello.pid}, ${hello.runtime}`);
  return {
    hello,
    send: (command) => talk.channel.write(`${JSON.stringify(command)}\n`),
    ended: talk.ended,
    close: () => talk.channel.close(),
  };
}

async function shipRuntime(
  options: MonitorLinkOptions,
  talk: Talk,
  mark: NodeMark,
  nonce: string,
): Promise<void> {
  const runtime = mark.system === 'Linux' ? await prepareRuntime(options, talk, mark.machine) : null;
  if (runtime === null) {
    talk.fail(explainMissingRuntime(mark, runtimeInstallCommand(mark.machine)));
    throw await talk.failure();
  }
  talk.channel.write(uploadLine({ nonce, ...runtime }));
  for (;;) {
    const reply = await talk.await('runtime', (line) => parseUploadReply(line, nonce), UPLOAD_STALL_MS);
    if (reply.kind === 'ready') return;
    if (reply.kind === 'send') await sendRuntime(talk.channel, runtime, options.signal);
    if (reply.kind === 'fail') {
      talk.fail(explainUploadFailure(reply.reason, reply.detail, runtime.rawBytes));
      throw await talk.failure();
    }
  }
}

async function prepareRuntime(
  options: MonitorLinkOptions,
  talk: Talk,
  machine: string,
): Promise<ShippedRuntime | null> {
  try {
    return await options.runtimes.forMachine(machine);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const detail = `the head could not make its own runtime ready: ${text}`;
    talk.fail({
      cause: 'no-runtime',
      detail,
      hint: 'Free some space for the head, or install Node.js on the node.',
    });
    throw await talk.failure();
  }
}

async function sendRuntime(channel: Channel, runtime: ShippedRuntime, signal: AbortSignal): Promise<void> {
  const file = createReadStream(runtime.gzipPath, { highWaterMark: UPLOAD_CHUNK_BYTES, signal });
  for await (const chunk of file) {
    channel.write(chunk as Buffer);
    await channel.drained();
  }
}

/** The conversation on one channel: lines before `hello` are noise or marks, after it messages. */
interface Talk {
  readonly channel: Channel;
  /** Waits for a line that `read` understands. */
  await<T>(stage: Stage, read: (line: string) => T | null, limitMs?: number): Promise<T>;
  awaitHello(nonce: string): Promise<Hello>;
  /** Notes why the conversation cannot go on, and closes it. */
  fail(detail: FailureDetail): void;
  failure(): Promise<TransportError>;
  readonly ended: Promise<Failure | null>;
}

function createTalk(options: MonitorLinkOptions, channel: Channel): Talk {
  const { way, onMessage, onLine } = options;
  const stageLimitMs = options.stageLimitMs ?? STAGE_LIMIT_MS;
  const lastLines: string[] = [];
  const meter = createMessageMeter();
  let noiseBytes = 0;
  let failed: Failure | null = null;
  let farewell: string | null = null;
  let stage: Stage = 'shell';
  let spoken = false;
  let reader: ((line: string) => void) | null = null;
  let greeted = false;

  function remember(line: string): void {
    if (line.trim() === '') return;
    lastLines.push(line.slice(0, 500));
    if (lastLines.length > KEPT_LINES) lastLines.shift();
    onLine?.(line);
  }

  function fail(detail: FailureDetail): void {
    failed ??= createFailure(way, detail, lastLines);
    channel.close();
  }

  function takeNoise(line: string): void {
    spoken = true;
    noiseBytes += line.length + 1;
    if (noiseBytes > MAX_NOISE_BYTES)
      return fail({ cause: 'protocol', detail: 'endless text before the first message' });
    remember(line);
  }

  function takeMessage(line: string): void {
    const excess = meter.count(line.length);
    if (excess !== null) return fail({ cause: 'protocol', detail: excess });
    const parsed = parseMessage(line);
    if (!parsed.ok) {
      remember(line);
      return fail({ cause: 'protocol', detail: parsed.reason });
    }
    if (parsed.message.type === 'hello') return fail({ cause: 'protocol', detail: 'a second hello' });
    if (parsed.message.type === 'bye') farewell = parsed.message.reason;
    onMessage(parsed.message, parsed.faults);
  }

  function takeLine(line: string): void {
    if (failed !== null) return;
    if (greeted) takeMessage(line);
    else if (reader) reader(line);
    else takeNoise(line);
  }

  const tooLong = () => fail({ cause: 'protocol', detail: `a line longer than ${MAX_MESSAGE_BYTES} bytes` });
  const out = createLineSplitter(MAX_MESSAGE_BYTES, takeLine, tooLong);
  const err = createLineSplitter(4096, remember, () => undefined);
  channel.onStdout((chunk) => out.push(chunk));
  channel.onStderr((chunk) => err.push(chunk));

  const ended: Promise<Failure | null> = channel.ended.then((end) => {
    const rests = [out.rest(), err.rest()];
    if (!greeted || end.failure) for (const rest of rests) remember(rest);
    else remember(rests[1] ?? '');
    return explainEnd(end);
  });

  function explainEnd(end: ChannelEnd): Failure | null {
    if (failed !== null) return failed;
    if (end.failure !== null)
      return { ...end.failure, lastLines: [...end.failure.lastLines, ...lastLines].slice(-KEPT_LINES) };
    if (!greeted) return createFailure(way, explainEarlyEnd(stage, end, lastLines), lastLines);
    if (farewell !== null) {
      if (options.signal.aborted || farewell.includes('said stop')) return null;
      return createFailure(way, { cause: 'monitor-crashed', detail: farewell }, lastLines);
    }
    const how = end.signal ? `ended by ${end.signal}` : `exit code ${end.exitCode ?? 'unknown'}`;
    return createFailure(way, { cause: 'monitor-crashed', detail: how }, lastLines);
  }

  async function failure(): Promise<TransportError> {
    const found = await ended;
    return new BootstrapError(
      found ?? createFailure(way, { cause: 'closed', stage, detail: 'the node ended it' }),
    );
  }

  /** A login that has said other things and no mark runs something else. */
  function timedOut(limitMs: number): void {
    const isWrapped = stage === 'shell' && spoken;
    fail(
      isWrapped
        ? { cause: 'forced-command', detail: lastLines.at(-1) ?? '' }
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
      if (line.includes(nonce)) fail({ cause: 'protocol', detail: `hello: ${parsed.reason}` });
      return null;
    }
    if (parsed.message.type !== 'hello') return null;
    const hello = parsed.message;
    if (hello.nonce !== nonce) fail({ cause: 'protocol', detail: 'hello with a wrong nonce' });
    else if (hello.protocol !== PROTOCOL_VERSION)
      fail({ cause: 'protocol', detail: `protocol version ${hello.protocol}` });
    else {
      greeted = true;
      onMessage(hello, parsed.faults);
      return hello;
    }
    return null;
  }

  return {
    channel,
    await: awaitLine,
    awaitHello: (nonce) => awaitLine('hello', (line) => readHello(line, nonce)),
    fail,
    failure,
    ended,
  };
}
