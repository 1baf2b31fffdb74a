import { randomBytes } from 'node:crypto';
import type { Target } from '../../nodes/target.ts';
import type { Hello } from '../../protocol/hello.ts';
import type { Command } from '../../protocol/messages.ts';
import type { NvmlArchitecture } from '../../protocol/nvml.ts';
import type { Failure, Stage } from '../../report/causes.ts';
import type { Way } from '../../report/failure-detail.ts';
import type { TransportName } from '../../report/node-report.ts';
import { type Channel, type Transport, TransportError } from '../transport.ts';
import {
  bootstrapCommand,
  type NodeMark,
  parseMark,
  restrictedBootstrapCommand,
  startLine,
} from './bootstrap.ts';
import type { MonitorBundle } from './monitor-bundle.ts';
import type { RuntimeStore } from './runtimes.ts';
import { shipRuntime } from './ship-runtime.ts';
import { BootstrapError, createTalk, type Talk, type TalkOptions } from './talk.ts';

export interface MonitorLinkOptions extends TalkOptions {
  transport: Transport;
  target: Target;
  monitor: MonitorBundle;
  runtimes: RuntimeStore;
  headId: string;
  intervalMs: number;
  /** As in `OpenOptions`. */
  demandedAtMs?: number;
  /** Runs an upload of a runtime when there is room for one more. */
  whenUploadRoom?: <T>(upload: () => Promise<T>) => Promise<T>;
  onStage?: (stage: Stage, fact: string) => void;
  /** As in `OpenOptions`. */
  onTransport?: (name: TransportName, reason: string | null) => void;
  uploadStallMs?: number;
}

/** A monitor that has said hello. */
export interface MonitorLink {
  readonly hello: Hello;
  /** Where it leads, settings resolved. */
  readonly way: Way;
  /** Several travel as one packet. */
  send(...commands: Command[]): void;
  /** As `Channel.expectEvery`. */
  expectEvery(intervalMs: number): void;
  /** The next sample is read whole when it comes. */
  lookAtNext(): void;
  /** What the node said last beside its messages. */
  lastLines(): readonly string[];
  /** Why it ended; null after an orderly stop. Never rejects. */
  readonly ended: Promise<Failure | null>;
  close(): void;
}

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

async function openChannel(options: MonitorLinkOptions, command: string): Promise<Channel> {
  const { target, signal, transport, onStage, onTransport, onLine, demandedAtMs = 0 } = options;
  try {
    return await transport.open(target, {
      command,
      signal,
      demandedAtMs,
      ...(onStage ? { onStage } : {}),
      ...(onTransport ? { onTransport } : {}),
    });
  } catch (error) {
    // What a server says before it lets anybody in belongs into the same log as what comes later.
    if (error instanceof TransportError) for (const line of error.failure.lastLines) onLine?.(line);
    throw error;
  }
}

async function converse(options: MonitorLinkOptions, nonce: string, command: string): Promise<MonitorLink> {
  const { onStage, target } = options;
  const channel = await openChannel(options, command);
  const way = channel.way ?? options.way;
  const stageLimitMs = options.stageLimitMs ?? channel.stageMs ?? target.settings.stageMs;
  const talk = createTalk({ ...options, way, stageLimitMs, command }, channel);
  try {
    const mark = await talk.await('shell', (line) => parseMark(line, nonce));
    onStage?.('shell', describeMachine(mark));
    const { whenUploadRoom = (upload) => upload() } = options;
    if (mark.runtime === null) await whenUploadRoom(() => shipRuntime(options, talk, mark, nonce));
    onStage?.('runtime', mark.runtime ?? 'shipped by the head');
    return await startMonitor({ ...options, way }, talk, mark, nonce);
  } catch (error) {
    channel.close();
    throw error;
  }
}

function describeMachine({ system, machine }: NodeMark): string {
  const words = [system, machine].filter((word) => word !== '');
  return words.length > 0 ? words.join(' ') : 'it does not say what it is (no uname on its PATH)';
}

async function startMonitor(
  options: MonitorLinkOptions,
  talk: Talk,
  mark: NodeMark,
  nonce: string,
): Promise<MonitorLink> {
  const { monitor, target, headId, intervalMs } = options;
  const line = startLine({
    payloadBytes: monitor.gzip.length,
    build: monitor.build,
    nonce,
    intervalMs,
    node: target.name,
    headId,
  });
  const expected = expectedArchitecture(monitor, mark);
  const kit = expected === null ? [] : [nvmlOffer(monitor, expected)];
  talk.channel.write(Buffer.concat([Buffer.from(line), monitor.gzip, ...kit]));
  const hello = await talk.awaitHello(nonce);
  options.onStage?.('hello', `pid ${hello.pid}, ${hello.runtime}`);
  const send = (...commands: Command[]) =>
    talk.channel.write(commands.map((command) => `${JSON.stringify(command)}\n`).join(''));
  const { nvmlFor } = hello;
  if (nvmlFor !== null && nvmlFor !== expected) talk.channel.write(nvmlOffer(monitor, nvmlFor));
  return {
    hello,
    way: options.way,
    send,
    expectEvery: (ms) => talk.channel.expectEvery?.(ms),
    lookAtNext: talk.lookAtNext,
    lastLines: talk.lastLines,
    ended: talk.ended,
    close: () => talk.channel.close(),
  };
}

/**
 * For which processor a helper goes along with the monitor, before its hello asks for one: where the kernel module is
 * loaded, it will. Null where that is not known, or there is none.
 */
function expectedArchitecture({ nvmlKits }: MonitorBundle, mark: NodeMark): NvmlArchitecture | null {
  const architecture = mark.hasNvidiaDriver ? architectures[mark.machine] : undefined;
  return architecture !== undefined && nvmlKits[architecture] !== null ? architecture : null;
}

/** By what `uname -m` says. */
const architectures: Readonly<Record<string, NvmlArchitecture>> = { x86_64: 'x64', aarch64: 'arm64' };

/** Only nodes that have NVML get the helper that reads it. */
function nvmlOffer({ nvmlKits }: MonitorBundle, architecture: NvmlArchitecture): Buffer {
  const kit = nvmlKits[architecture];
  const command: Command =
    kit === null
      ? {
          type: 'nvml-kit',
          bytes: null,
          reason: `the head has no helper for ${architecture}; npm run build there fetches it`,
        }
      : { type: 'nvml-kit', bytes: kit.length };
  return Buffer.concat([Buffer.from(`${JSON.stringify(command)}\n`), kit ?? Buffer.alloc(0)]);
}
