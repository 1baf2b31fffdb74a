import type { Target } from '../nodes/target.ts';
import type { Failure } from '../report/causes.ts';
import type { Way } from '../report/failure-detail.ts';
import { createFailure } from '../report/failures.ts';
import type { Emit } from '../report/fleet-event.ts';
import type { TransportName } from '../report/node-report.ts';
import type { MonitorBundle } from '../transport/bootstrap/monitor-bundle.ts';
import type { MonitorLink } from '../transport/bootstrap/monitor-link.ts';
import type { RuntimeStore } from '../transport/bootstrap/runtimes.ts';
import { toTransportError } from '../transport/ssh-step-error.ts';
import type { Transport } from '../transport/transport.ts';
import type { Handshakes } from './handshakes.ts';
import type { Hearing } from './hearing.ts';
import type { NodeLog } from './node-log.ts';
import { openInTurn } from './open-in-turn.ts';
import type { Orders } from './orders.ts';

/** What it takes to reach a node and to start a monitor there. */
export interface NodeAccess {
  target: Target;
  way: Way;
  transport: Transport;
  emit: Emit;
  log: NodeLog;
  monitor: MonitorBundle;
  runtimes: RuntimeStore;
  headId: string;
  handshakes: Handshakes;
  /** Runs an upload of a runtime when there is room for one more. */
  whenUploadRoom: <T>(upload: () => Promise<T>) => Promise<T>;
}

export interface NodeConnectionOptions extends NodeAccess {
  hearing: Hearing;
  orders: Orders;
  signal: AbortSignal;
  /** The turn to knock has come; says when this was demanded last. */
  onTurn: () => number;
}

/** A node's connections, one after the other. */
export interface NodeConnection {
  /** Connects and stays until the end. Whatever goes wrong, of the node or of the head itself, is its end and no more. */
  attempt(): Promise<Failure | null>;
  /** Beats, and closes a channel on which nothing comes any more. */
  look(): void;
  /** The next sample is read whole when it comes. */
  lookAtNext(): void;
  /** The head made a mistake with this node: the connection ends, and says so. */
  breakOff(error: unknown): void;
  /** Tells the monitor to end; true once it has, false where that took too long. Null where there is none. */
  sayStop(limitMs: number): Promise<boolean> | null;
}

/** After so long without a sample the channel is closed and opened anew. */
function silenceLimitMs(intervalMs: number): number {
  return Math.max(5 * intervalMs, 15_000);
}

/** One connection after the other; none is open at first. */
export function createNodeConnection(options: NodeConnectionOptions): NodeConnection {
  const { target, emit, log, hearing, orders } = options;
  let link: MonitorLink | null = null;
  let silence: Failure | null = null;
  /** The head's own mistake with something that the node said. */
  let mistake: Failure | null = null;
  let carrier: { name: TransportName; reason: string | null } = {
    name: options.transport.name,
    reason: null,
  };

  const stumble = (error: unknown) => describeMistake(log, link?.way ?? options.way, error);

  function breakOff(error: unknown): void {
    mistake ??= stumble(error);
    link?.close();
  }

  function hear(take: () => void): void {
    if (mistake !== null) return;
    try {
      take();
    } catch (error) {
      breakOff(error);
    }
  }

  function onTransport(name: TransportName, reason: string | null): void {
    if (reason !== null && reason !== carrier.reason) log.write(`by ${name}: ${reason}`);
    carrier = { name, reason };
  }

  const open = () =>
    openInTurn(options.handshakes, options, () => ({
      ...options,
      demandedAtMs: options.onTurn(),
      intervalMs: orders.intervalMs(),
      onMessage: (message, faults) => hear(() => hearing.take(message, faults)),
      onSample: (brief, whole) => hear(() => hearing.takeSample(brief, whole)),
      onLine: (line) => log.write(`said: ${line}`),
      onTransport,
      onStage: (stage, fact) => log.write(`${stage}: ${fact}`),
    }));

  function welcome({ way, hello }: MonitorLink): void {
    hearing.connected();
    log.write(`connected through ${carrier.name}, monitor pid ${hello.pid}`);
    for (const note of hello.notes) log.write(note);
    const { name: transport, reason: transportReason } = carrier;
    const connection = { way, transport, transportReason, logPath: log.path() };
    emit({ kind: 'connected', name: target.name, connection });
  }

  async function live(): Promise<Failure | null> {
    hearing.begin();
    silence = mistake = null;
    link = await open();
    if (link === null) return null;
    if (mistake !== null) link.close();
    const { way } = link;
    welcome(link);
    orders.begin(link);
    const failure = await link.ended;
    return (
      mistake ??
      silence ??
      failure ??
      createFailure(way, { cause: 'closed', stage: null, detail: 'the monitor left' })
    );
  }

  function letGo(): void {
    link = null;
    orders.letGo();
  }

  function closeIfSilent(): void {
    if (link === null) return;
    const silentMs = hearing.silentMs();
    if (silentMs <= silenceLimitMs(orders.intervalMs())) return;
    silence = createFailure(link.way, { cause: 'monitor-silent', silentMs }, link.lastLines());
    link.close();
  }

  return {
    async attempt() {
      try {
        return await live();
      } catch (error) {
        const failure = stumble(error);
        link?.close();
        return failure;
      } finally {
        letGo();
      }
    },
    look() {
      closeIfSilent();
      orders.beatIfDue();
    },
    lookAtNext: () => link?.lookAtNext(),
    breakOff,
    sayStop: (limitMs) => (link === null ? null : endWithin(link, limitMs)),
  };
}

/** What a mistake of the head looks like in a node's story; it ends a connection, never the node's life. */
export function describeMistake(log: NodeLog, way: Way, error: unknown): Failure {
  const { failure } = toTransportError(way, error);
  if (failure.cause === 'head-error') log.write(`the head made a mistake: ${stackOf(error)}`);
  return failure;
}

const stackOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

async function endWithin(link: MonitorLink, limitMs: number): Promise<boolean> {
  link.send({ type: 'stop' });
  const hasEnded = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), limitMs);
    link.ended.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
  link.close();
  return hasEnded;
}
