import type { Target } from '../nodes/target.ts';
import { BEAT_INTERVAL_MS } from '../protocol/constants.ts';
import type { Fault } from '../protocol/figures.ts';
import type { Command, Message } from '../protocol/messages.ts';
import type { Failure } from '../report/causes.ts';
import type { Way } from '../report/failure-detail.ts';
import { createFailure } from '../report/failures.ts';
import type { Emit } from '../report/fleet-event.ts';
import type { TransportName } from '../report/node-report.ts';
import { briefSample } from '../report/sample-brief.ts';
import { isPointDue } from '../report/series.ts';
import type { MonitorBundle } from '../transport/bootstrap/monitor-bundle.ts';
import { type MonitorLink, openMonitor } from '../transport/bootstrap/monitor-link.ts';
import type { RuntimeStore } from '../transport/bootstrap/runtimes.ts';
import { toTransportError } from '../transport/ssh-step-error.ts';
import type { Transport } from '../transport/transport.ts';
import { createBackoff, PERSON_WAIT_MS } from './backoff.ts';
import type { Handshakes } from './handshakes.ts';

/** The head's side of a node's log. */
export interface NodeLog {
  /** Null where no log can be written. */
  path(): string | null;
  write(text: string): void;
}

export interface NodeLifeOptions {
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
  /** Before the first attempt. */
  startDelayMs: number;
  watched: boolean;
  /** It asks the scheduler for all nodes of its cluster. */
  asksScheduler: boolean;
  /** Changes when keys, settings or known hosts change: then a refused login is worth another try. */
  accessFingerprint: () => string;
  monotonicMs: () => number;
}

/** What became of a monitor when the head let go of it. */
export type Farewell = 'ended' | 'out of reach' | 'not connected';

export interface NodeLife {
  /** Beats, and closes a channel on which nothing comes any more. Called every second. */
  tick(): void;
  /** The head did not run for so long: what nodes said meanwhile has yet to be read. */
  slept(ms: number): void;
  retry(): void;
  /** Asks for samples as often as somebody who looks wants them, or as seldom as nobody needs them. */
  setWatched(watched: boolean): void;
  setAsking(asksScheduler: boolean): void;
  stop(limitMs: number): Promise<Farewell>;
}

/** The protocol wants a beat every 10 s; the head looks once a second. */
const LONGEST_BEAT_MS = 8_500;
/** A node whose address or port does not answer gives its room away and goes on: it must not keep others waiting. */
const UNANSWERED_MS = 2_000;

/** After so long without a sample the channel is closed and opened anew. */
function silenceLimitMs(intervalMs: number): number {
  return Math.max(5 * intervalMs, 15_000);
}

/** A node that fails again and again after its first sample is asked less and less often. */
const SETTLED_AFTER_MS = 60_000;

/** One life per node: connect, run, watch, back off, again. */
export function startNodeLife(options: NodeLifeOptions): NodeLife {
  const { target, emit, monotonicMs } = options;
  const { settings } = target;
  const log = unfailing(options.log);
  const abort = new AbortController();
  const backoff = createBackoff();
  let link: MonitorLink | null = null;
  let wake: (() => void) | null = null;
  let connectedMs = 0;
  let lastSampleMs = 0;
  let lastPointMs: number | null = null;
  let lastBeatMs = 0;
  let lastSequence = 0;
  let triedWith = '';
  let waitingForPerson = false;
  let farewell: Promise<Farewell> | null = null;
  let silence: Failure | null = null;
  /** The head's own mistake with something that the node said. */
  let mistake: Failure | null = null;
  let watched = options.watched;
  let asksScheduler = options.asksScheduler;
  let demandedAtMs = 0;
  let carrier: { name: TransportName; reason: string | null } = {
    name: options.transport.name,
    reason: null,
  };

  const intervalMs = () => (watched ? settings.watchedIntervalMs : settings.intervalMs);
  /** A node that is sampled seldom is spoken to seldom. */
  const beatMs = () => Math.max(BEAT_INTERVAL_MS, Math.min(LONGEST_BEAT_MS, intervalMs()));

  /** What a mistake of the head looks like in this node's story; it ends the connection, never the node's life. */
  function stumble(error: unknown): Failure {
    const { failure } = toTransportError(link?.way ?? options.way, error);
    if (failure.cause === 'head-error') log.write(`the head made a mistake: ${stackOf(error)}`);
    return failure;
  }

  function onMessage(message: Message, faults: Fault[], line: string): void {
    if (mistake !== null) return;
    try {
      takeMessage(message, faults, line);
    } catch (error) {
      mistake = stumble(error);
      link?.close();
    }
  }

  function takeMessage(message: Message, faults: Fault[], line: string): void {
    if (message.type === 'sample') {
      if (lastSequence === 0) log.write('first sample received');
      lastSampleMs = monotonicMs();
      lastSequence = message.sequence;
      if (link !== null && lastSampleMs - connectedMs > SETTLED_AFTER_MS) backoff.reset();
      // Good as it is; it is read again once somebody asks for it.
      const isDue = isPointDue(lastPointMs, lastSampleMs);
      if (isDue) lastPointMs = lastSampleMs;
      emit({
        kind: 'sample',
        name: target.name,
        line,
        intervalMs: message.intervalMs,
        brief: briefSample(message, isDue),
      });
    } else emit({ kind: 'message', name: target.name, message, faults });
  }

  function makeBeat(): Command {
    lastBeatMs = monotonicMs();
    return { type: 'beat', acknowledged: lastSequence };
  }

  /** At a slower pace fewer samples may wait for an acknowledgement: those of the faster one are acknowledged first. */
  function sendInterval(): void {
    link?.send(makeBeat(), { type: 'interval', intervalMs: intervalMs(), watched });
    link?.expectEvery(intervalMs());
  }

  function sendAsking(): void {
    link?.send({ type: 'scheduler', asks: asksScheduler });
  }

  /** Null where the node is let go before its turn. */
  async function open(): Promise<MonitorLink | null> {
    const leave = await options.handshakes.enter(target, abort.signal);
    if (leave === null) return null;
    const unanswered = setTimeout(leave, UNANSWERED_MS);
    triedWith = options.accessFingerprint();
    try {
      return await openMonitor({
        ...options,
        intervalMs: intervalMs(),
        demandedAtMs,
        signal: abort.signal,
        onMessage,
        onLine: (line) => log.write(`said: ${line}`),
        onTransport(name, reason) {
          if (reason !== null && reason !== carrier.reason) log.write(`by ${name}: ${reason}`);
          carrier = { name, reason };
        },
        onStage(stage, fact) {
          log.write(`${stage}: ${fact}`);
          if (stage === 'tcp') clearTimeout(unanswered);
          // Logged in: what follows knocks at no door.
          if (stage === 'shell') leave();
        },
      });
    } finally {
      clearTimeout(unanswered);
      leave();
    }
  }

  async function live(): Promise<Failure | null> {
    lastSequence = 0;
    silence = mistake = null;
    link = await open();
    if (link === null) return null;
    if (mistake !== null) link.close();
    const { way } = link;
    connectedMs = lastSampleMs = monotonicMs();
    log.write(`connected through ${carrier.name}, monitor pid ${link.hello.pid}`);
    for (const note of link.hello.notes) log.write(note);
    emit({
      kind: 'connected',
      name: target.name,
      connection: {
        way,
        transport: carrier.name,
        transportReason: carrier.reason,
        logPath: log.path(),
      },
    });
    sendInterval();
    if (asksScheduler) sendAsking();
    const failure = await link.ended;
    link = null;
    return (
      mistake ??
      silence ??
      failure ??
      createFailure(way, { cause: 'closed', stage: null, detail: 'the monitor left' })
    );
  }

  /** Whatever goes wrong, of the node or of the head itself, is this attempt's end and no more. */
  async function attempt(): Promise<Failure | null> {
    try {
      return await live();
    } catch (error) {
      const failure = stumble(error);
      link?.close();
      link = null;
      return failure;
    }
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => wake?.(), ms);
      wake = () => {
        clearTimeout(timer);
        wake = null;
        waitingForPerson = false;
        resolve();
      };
    });
  }

  function tell(failure: Failure): void {
    log.write(`${failure.cause}: ${failure.message} ${failure.hint}`);
    try {
      emit({ kind: 'failed', name: target.name, failure, logPath: log.path() });
    } catch (error) {
      stumble(error);
    }
  }

  async function run(): Promise<void> {
    if (options.startDelayMs > 0) await wait(options.startDelayMs);
    while (!abort.signal.aborted) {
      const failure = await attempt();
      if (abort.signal.aborted || farewell !== null) return;
      if (failure) tell(failure);
      waitingForPerson = failure?.needsPerson ?? false;
      await wait(waitingForPerson ? PERSON_WAIT_MS : backoff.next());
    }
  }

  function closeIfSilent(nowMs: number): void {
    const silentMs = nowMs - lastSampleMs;
    if (link === null || silentMs <= silenceLimitMs(intervalMs())) return;
    silence = createFailure(link.way, { cause: 'monitor-silent', silentMs }, link.lastLines());
    link.close();
  }

  async function sayStop(limitMs: number): Promise<Farewell> {
    if (link === null) {
      abort.abort();
      wake?.();
      return 'not connected';
    }
    const current = link;
    current.send({ type: 'stop' });
    const ended = await endedWithin(current, limitMs);
    abort.abort();
    current.close();
    wake?.();
    return ended ? 'ended' : 'out of reach';
  }

  /** Tries again now, and jump hosts on the way too. */
  function demand(): void {
    demandedAtMs = monotonicMs();
    wake?.();
  }

  function look(): void {
    const nowMs = monotonicMs();
    closeIfSilent(nowMs);
    if (link !== null && nowMs - lastBeatMs >= beatMs()) link.send(makeBeat());
    if (waitingForPerson && options.accessFingerprint() !== triedWith) demand();
  }

  void run();

  return {
    tick() {
      try {
        look();
      } catch (error) {
        // All other nodes' ticks follow.
        mistake ??= stumble(error);
        link?.close();
      }
    },
    slept(ms) {
      lastSampleMs += ms;
    },
    retry: () => {
      backoff.reset();
      demand();
    },
    setWatched(now) {
      if (now === watched) return;
      watched = now;
      sendInterval();
    },
    setAsking(now) {
      if (now === asksScheduler) return;
      asksScheduler = now;
      sendAsking();
    },
    stop(limitMs) {
      farewell ??= sayStop(limitMs);
      return farewell;
    },
  };
}

const stackOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** A log that cannot be written is no reason to leave a node. */
function unfailing(log: NodeLog): NodeLog {
  return {
    path: () => log.path(),
    write(text) {
      try {
        log.write(text);
      } catch {
        // The disk is full, or no descriptor is free: the page tells the failure all the same.
      }
    },
  };
}

function endedWithin(link: MonitorLink, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), limitMs);
    link.ended.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
