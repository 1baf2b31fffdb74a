import type { Duplex } from 'node:stream';
import ssh2, { type Algorithms, type Client, type NegotiatedAlgorithms } from 'ssh2';
import type { Stage } from '../../report/causes.ts';
import { fingerprint, keyTypeName, parseWireKey } from '../host-keys/host-key.ts';
import type { HostKeyCheck } from '../host-keys/host-key-check.ts';
import type { SshSettings } from '../settings/ssh-settings-parse.ts';
import { givenUp, StepError, toStepError } from '../ssh-step-error.ts';
import { connectStageMs, sessionStageMs } from '../stage-limits.ts';
import { createStageWatch, type StageWatch } from '../stage-watch.ts';
import { type ErrorContext, explainEnd, explainSsh2Error, isPassing } from './errors.ts';
import { type Keepalive, startKeepalive } from './keepalive.ts';
import type { Login } from './login.ts';
import { jumpHostTraffic, nodeTraffic, type TrafficWatch, watchTraffic } from './traffic.ts';

/** Bytes to a server: a socket, a jump host's channel, or a command. */
export interface Route {
  stream: Duplex;
  /** Null where a proxy stands between. */
  remoteAddress: string | null;
  /** Why the way itself broke, where it knows better than the two ends. */
  failure(): StepError | null;
  /** Called when the server was heard through it. */
  passed?(): void;
  /** Called once, when the connection over it is over. */
  release(): void;
}

export interface SessionLimits {
  /** Of each stage. */
  stageMs: number;
  keepaliveIntervalMs: number;
  keepaliveCount: number;
}

export interface SessionOptions {
  route: Route;
  settings: SshSettings;
  algorithms: Algorithms;
  hostKey: HostKeyCheck;
  login: Login;
  limits: SessionLimits;
  /** A jump host's: it carries the connections of many nodes. */
  isShared: boolean;
  /** Ends the start only. */
  signal: AbortSignal;
  onStage: (stage: Stage, fact: string) => void;
}

const MAX_GREETING = 4096;
const KEPT_LINES = 8;
/** For the other end to close after our good-bye. */
const GOODBYE_MS = 500;
/** A sample that comes so late is still on time. */
const LATENESS_MS = 500;

/** One logged-in connection. */
export class Session {
  readonly client: Client = new ssh2.Client();
  /** Resolves once with the reason; null after `close`. Never rejects. */
  readonly ended: Promise<StepError | null>;
  readonly #options: SessionOptions;
  #keepalive: Keepalive | null = null;
  #traffic: TrafficWatch | null = null;
  readonly #watch: StageWatch;
  #live = false;
  #over = false;
  #failure: StepError | null = null;
  #greeting = '';
  #said: string[] = [];
  readonly #listeners = new Set<(failure: StepError | null) => void>();
  #keyFact = '';
  #acceptedKey: string | null = null;
  #resolveEnded: (failure: StepError | null) => void = () => undefined;
  #onLive: () => void = () => undefined;
  #onAbort = () => this.#fail(givenUp());

  private constructor(options: SessionOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#watch = createStageWatch((stage, limitMs) =>
      this.#fail(new StepError({ cause: 'timeout', stage, limitMs })),
    );
  }

  /** Banner, keys, login. Rejects with a `StepError`; the route is released then. */
  static async start(options: SessionOptions): Promise<Session> {
    const session = new Session(options);
    const live = new Promise<void>((resolve) => {
      session.#onLive = resolve;
    });
    session.#begin();
    await Promise.race([live, session.ended]);
    if (session.#failure) throw session.#failure;
    return session;
  }

  /** Calls the listener once when it is over; the result forgets the listener. */
  whenEnded(listener: (failure: StepError | null) => void): () => void {
    if (this.#over) listener(this.#failure);
    else this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** A node that speaks seldom is asked seldom. */
  expectEvery(intervalMs: number): void {
    const { keepaliveIntervalMs } = this.#options.limits;
    this.#keepalive?.setInterval(Math.max(keepaliveIntervalMs, intervalMs + LATENESS_MS));
  }

  /** True once it is over, for whatever reason. */
  get closed(): boolean {
    return this.#over;
  }

  /** Why it ended, as soon as that is known. */
  get failure(): StepError | null {
    return this.#failure;
  }

  /** Ends it because of what came over it. */
  refuse(error: StepError): void {
    this.#fail(error);
  }

  close(): void {
    if (this.#over) return;
    this.client.end();
    this.#finish(null);
  }

  #begin(): void {
    const { signal, route } = this.#options;
    this.client.on('error', (error) => this.#onError(error));
    this.client.on('close', () => this.#fail(new StepError(explainEnd(this.#context()), this.#said)));
    this.client.on('banner', (text) => this.#hear(text));
    this.client.on('change password', () => this.#refuseExpiredPassword());
    this.client.once('handshake', (negotiated) => this.#enterLogin(negotiated));
    this.client.once('ready', () => this.#becomeLive());
    if (signal.aborted) return this.#fail(givenUp());
    signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#watch.enter('banner', connectStageMs(this.#options.limits.stageMs, this.#options.settings));
    this.#connect();
    route.stream.on('data', this.#readBanner);
  }

  #connect(): void {
    const { route, settings, algorithms, login, isShared } = this.#options;
    try {
      this.client.connect({
        sock: route.stream,
        username: settings.user,
        algorithms,
        hostVerifier: (key: Buffer, verify: (good: boolean) => void) => this.#verify(key, verify),
        authHandler: (methodsLeft, partialSuccess) => login.next(methodsLeft, partialSuccess),
        keepaliveInterval: 0,
        // The stages have limits of their own.
        readyTimeout: 0,
      });
    } catch (error) {
      return this.#fail(toStepError(error));
    }
    const limits = isShared ? jumpHostTraffic : nodeTraffic;
    this.#traffic = watchTraffic(this.client, route.stream, limits, (detail) =>
      this.#fail(new StepError({ cause: 'protocol', detail, isFlood: true }, this.#said)),
    );
  }

  /** ssh2 tells nobody of the banner, so look over its shoulder. */
  #readBanner = (chunk: Buffer) => {
    this.#greeting = (this.#greeting + chunk.toString('latin1')).slice(0, MAX_GREETING);
    const banner = /^SSH-[^\r\n]*(?=\r?\n)/m.exec(this.#greeting);
    if (banner === null) return;
    this.#options.route.stream.off('data', this.#readBanner);
    this.#options.route.passed?.();
    this.#options.onStage('banner', banner[0]);
    this.#watch.enter('keys', connectStageMs(this.#options.limits.stageMs, this.#options.settings));
  };

  #verify(wireKey: Buffer, verify: (good: boolean) => void): void {
    const key = parseWireKey(wireKey);
    // Keys are exchanged anew after a gigabyte or an hour: then it must be the very same one.
    if (this.#acceptedKey !== null) {
      if (key.base64 === this.#acceptedKey) return verify(true);
      const detail = 'the server changed its host key within the connection';
      return this.#fail(new StepError({ cause: 'closed', stage: null, detail }));
    }
    const { hostKey, route } = this.#options;
    hostKey.verify(key, route.remoteAddress).then(
      (fact) => {
        if (this.#over) return;
        this.#acceptedKey = key.base64;
        this.#keyFact = `${keyTypeName(key.type)} ${fingerprint(key)}, ${fact}`;
        verify(true);
      },
      (error: unknown) => this.#fail(toStepError(error)),
    );
  }

  #enterLogin(negotiated: NegotiatedAlgorithms): void {
    this.#options.onStage('keys', `${this.#keyFact}; ${negotiated.kex}, ${negotiated.cs.cipher}`);
    this.#watch.enter('login', sessionStageMs(this.#options.limits.stageMs, this.#options.settings));
  }

  #becomeLive(): void {
    const { settings, login, signal, onStage } = this.#options;
    this.#live = true;
    this.#watch.stop();
    this.#traffic?.loggedIn();
    signal.removeEventListener('abort', this.#onAbort);
    login.succeeded();
    login.close();
    onStage('login', `${settings.user} with ${login.current()}`);
    this.#startKeepalive();
    this.#onLive();
  }

  #startKeepalive(): void {
    const { route, limits } = this.#options;
    this.#keepalive = startKeepalive({
      client: this.client,
      stream: route.stream,
      intervalMs: limits.keepaliveIntervalMs,
      count: limits.keepaliveCount,
      onDead: (silentMs) => this.#fail(new StepError({ cause: 'timeout', stage: null, limitMs: silentMs })),
    });
  }

  #context(): ErrorContext {
    const { settings, login, limits } = this.#options;
    return {
      stage: this.#live ? null : this.#watch.stage,
      user: settings.user,
      tried: login.tried(),
      needs: login.missing(),
      secretRefused: login.secretRefused(),
      keyWorkedBefore: login.keyWorkedBefore(),
      greeting: this.#greeting,
      said: this.#said,
      silenceLimitMs: limits.keepaliveIntervalMs * (limits.keepaliveCount + 2),
    };
  }

  /** What the server says before it lets anybody in; it may say a lot. */
  #hear(text: string): void {
    const lines = text.slice(0, MAX_GREETING).split(/\r?\n/);
    this.#said = [...this.#said, ...lines.filter((line) => line.trim() !== '')].slice(-KEPT_LINES);
  }

  #onError(error: unknown): void {
    if (isPassing(error)) return;
    const missing = this.#live ? [] : this.#options.login.missing();
    this.#fail(new StepError(explainSsh2Error(error, this.#context()), this.#said, missing));
  }

  #refuseExpiredPassword(): void {
    const detail = 'the server wants a new one before it lets anybody in';
    this.#fail(new StepError({ cause: 'password-expired', detail }, this.#said));
  }

  /** The way's own story counts more than what its end looks like from here. */
  #fail(error: StepError): void {
    if (this.#over) return;
    const lost = error.detail.cause === 'closed' || error.detail.cause === 'timeout';
    this.#finish((lost ? this.#options.route.failure() : null) ?? error);
  }

  #finish(failure: StepError | null): void {
    const { signal, login, route } = this.#options;
    this.#over = true;
    this.#failure = failure;
    this.#keepalive?.stop();
    this.#traffic?.stop();
    this.#watch.stop();
    signal.removeEventListener('abort', this.#onAbort);
    login.close();
    this.#dropStream(route.stream, failure === null ? GOODBYE_MS : 0);
    this.#resolveEnded(failure);
    for (const listener of this.#listeners) listener(failure);
    this.#listeners.clear();
  }

  #dropStream(stream: Duplex, waitMs: number): void {
    const drop = () => {
      clearTimeout(timer);
      stream.off('close', drop);
      stream.destroy();
      this.#options.route.release();
    };
    const timer = setTimeout(drop, waitMs);
    stream.once('close', drop);
    if (waitMs === 0) drop();
  }
}
