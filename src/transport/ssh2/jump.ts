import type { Duplex } from 'node:stream';
import { isRefusal } from '../../report/causes.ts';
import { givenUp, isGivenUp, StepError, toStepError } from '../ssh-step-error.ts';
import type { Route, Session } from './session.ts';

/** Connections to jump hosts, shared by all nodes behind them and closed when no node needs them. */
export interface JumpPool {
  /**
   * Takes part in a connection; `start` is called where there is none yet. Release it once. A failure is shared
   * too: for growing waits nobody knocks there again, unless it was demanded after that failure.
   */
  join(key: string, start: (signal: AbortSignal) => Promise<Session>, demandedAtMs: number): JumpShare;
  dispose(): void;
}

export interface JumpShare {
  session: Promise<Session>;
  release(): void;
}

interface Jump {
  session: Promise<Session>;
  users: number;
  stop: AbortController;
}

/** A jump host's last failure, told to all who come until it is time to try again. */
interface JumpFailure {
  error: unknown;
  atMs: number;
  waitMs: number;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** A refused login or host key: servers ban addresses that knock. */
const REFUSED_WAIT_MS = 5 * 60_000;

/** Waits after failures grow from 1 s to 60 s; after a refused login or host key they are 5 minutes. */
export function createJumpPool(): JumpPool {
  const jumps = new Map<string, Jump>();
  const failures = new Map<string, JumpFailure>();

  function remember(key: string, error: unknown): void {
    const { detail } = toStepError(error);
    if (isGivenUp(detail)) return;
    const before = failures.get(key)?.waitMs ?? FIRST_WAIT_MS / 2;
    const refused = detail.cause === 'proxy' ? (detail.needsPerson ?? false) : isRefusal(detail.cause);
    const waitMs = refused ? REFUSED_WAIT_MS : Math.min(LONGEST_WAIT_MS, before * 2);
    failures.set(key, { error, atMs: performance.now(), waitMs });
  }

  function failureNow(key: string, demandedAtMs: number): JumpFailure | null {
    const failure = failures.get(key);
    if (!failure || demandedAtMs > failure.atMs) return null;
    return performance.now() - failure.atMs < failure.waitMs ? failure : null;
  }

  function drop(key: string, jump: Jump): void {
    if (jumps.get(key) === jump) jumps.delete(key);
  }

  function end(key: string, jump: Jump): void {
    drop(key, jump);
    jump.stop.abort();
    jump.session.then(
      (session) => session.close(),
      () => undefined,
    );
  }

  function create(key: string, start: (signal: AbortSignal) => Promise<Session>): Jump {
    const stop = new AbortController();
    const jump: Jump = { session: start(stop.signal), users: 0, stop };
    jumps.set(key, jump);
    jump.session.then(
      (session) => {
        failures.delete(key);
        session.ended.then(() => drop(key, jump));
      },
      (error: unknown) => {
        drop(key, jump);
        remember(key, error);
      },
    );
    return jump;
  }

  return {
    join(key, start, demandedAtMs) {
      const failure = failureNow(key, demandedAtMs);
      if (failure) return { session: Promise.reject(failure.error), release: () => undefined };
      const jump = jumps.get(key) ?? create(key, start);
      jump.users += 1;
      let released = false;
      const release = () => {
        if (released) return;
        released = true;
        jump.users -= 1;
        if (jump.users === 0) end(key, jump);
      };
      return { session: jump.session, release };
    },
    dispose() {
      for (const [key, jump] of jumps) end(key, jump);
    },
  };
}

/** Waits for a shared connection only as long as this caller wants it. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(givenUp());
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(givenUp());
    signal.addEventListener('abort', giveUp, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

interface Destination {
  host: string;
  port: number;
}

const FORBIDDEN = 1;

function explainForwardError(error: Error, hop: string, { host, port }: Destination): StepError {
  const forbidden = 'reason' in error && error.reason === FORBIDDEN;
  const said = error.message.replace(/^\(SSH\) Channel open failure: /, '');
  const detail = forbidden
    ? `${hop} does not pass connections on (AllowTcpForwarding?): ${said}`
    : `${hop} could not connect to ${host} port ${port}: ${said}`;
  return new StepError({ cause: 'proxy', detail });
}

function forward(session: Session, hop: string, destination: Destination, limitMs: number): Promise<Duplex> {
  const { host, port } = destination;
  return new Promise((resolve, reject) => {
    let waiting = true;
    const settle = (then: () => void) => {
      if (!waiting) return;
      waiting = false;
      clearTimeout(timer);
      forget();
      then();
    };
    const fail = (error: StepError) => settle(() => reject(error));
    const late = () => ({
      cause: 'proxy' as const,
      detail: `${hop} did not reach ${host} port ${port} in time`,
    });
    const timer = setTimeout(() => fail(new StepError(late())), limitMs);
    const forget = session.whenEnded((failure) => setImmediate(() => fail(failure ?? givenUp())));
    if (session.closed) return;
    session.client.forwardOut('127.0.0.1', 0, host, port, (error, stream) => {
      if (error) return fail(explainForwardError(error, hop, destination));
      if (!waiting) return void stream.destroy();
      settle(() => resolve(stream));
    });
  });
}

export interface JumpRouteOptions {
  share: JumpShare;
  /** The hop's name, for a person. */
  hop: string;
  destination: Destination;
  limitMs: number;
  signal: AbortSignal;
  /** Tells a failure of the hop as one of the way through it. */
  blame: (error: unknown) => StepError;
}

/** A way to a server through a jump host. Rejects with a `StepError` that names the hop. */
export async function openJumpRoute(options: JumpRouteOptions): Promise<Route> {
  const { share, hop, destination, limitMs, signal, blame } = options;
  try {
    const session = await unlessAborted(share.session, signal);
    const stream = await forward(session, hop, destination, limitMs);
    if (signal.aborted) stream.destroy();
    if (signal.aborted) throw givenUp();
    const failure = () => (session.closed ? blame(session.failure ?? givenUp()) : null);
    return { stream, remoteAddress: null, failure, release: share.release };
  } catch (error) {
    share.release();
    throw blame(error);
  }
}
