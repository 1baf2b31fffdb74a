import type { ClientChannel } from 'ssh2';
import type { Failure } from '../../report/causes.ts';
import { givenUp, StepError } from '../ssh-step-error.ts';
import type { Channel, ChannelEnd } from '../transport.ts';
import type { Session } from './session.ts';

/** What may wait for a command that never reads; a runtime on its way waits in pieces of 256 KiB. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;

/** What the server answers when it grants no session (RFC 4254). */
const openFailures: Record<number, string> = {
  1: 'sessions are forbidden',
  2: 'no more sessions (MaxSessions)',
  3: 'sessions are unknown there',
  4: 'the server is short of resources',
};

function explainExecError(error: Error): StepError {
  const reason = 'reason' in error && typeof error.reason === 'number' ? error.reason : null;
  if (reason === null) {
    return new StepError({
      cause: 'no-shell',
      detail: `the server refused to run a command (${error.message})`,
    });
  }
  return new StepError({ cause: 'session-limit', detail: openFailures[reason] ?? error.message });
}

/**
 * Resolves when the command or its connection has ended, with the command's own result first; but not where we ended the
 * connection because of what came over it: then part of it may be missing.
 */
function watchEnd(
  stream: ClientChannel,
  session: Session,
  tell: (error: StepError) => Failure,
): Promise<ChannelEnd> {
  let exit: Pick<ChannelEnd, 'exitCode' | 'signal'> | null = null;
  stream.on('exit', (code: number | null, signal?: string) => {
    exit = { exitCode: code, signal: signal ?? null };
  });
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  const silent = () =>
    new StepError({ cause: 'closed', stage: null, detail: 'the command ended without saying how' });
  const end = (failure: StepError | null): ChannelEnd =>
    exit === null || failure?.detail.cause === 'protocol'
      ? { exitCode: null, signal: null, failure: failure && tell(failure) }
      : { ...(exit as ChannelEnd), failure: null };
  return Promise.race([
    closed.then(async () => {
      // A connection that breaks closes its channels first.
      await new Promise((resolve) => setImmediate(resolve));
      return end(session.closed ? session.failure : silent());
    }),
    session.ended.then((failure) => end(failure)),
  ]);
}

/**
 * The command's streams as a `Channel`; its end closes the connection, which carries nothing else. Made at once when
 * the server agrees: a short command's end may stand in the same packet.
 */
function createChannel(
  stream: ClientChannel,
  session: Session,
  signal: AbortSignal,
  tell: (error: StepError) => Failure,
): Channel {
  let written: Promise<void> = Promise.resolve();
  const ended = watchEnd(stream, session, tell);
  const close = () => {
    // Nobody reads it any more: a node that goes on sending is not even deciphered beyond its window.
    stream.pause();
    stream.stderr.pause();
    // sshd passes it on to the command's process group; a command that never reads would live on else.
    if (stream.writable || stream.readable) stream.signal('KILL');
    session.close();
  };
  signal.addEventListener('abort', close, { once: true });
  ended.then(() => {
    signal.removeEventListener('abort', close);
    session.close();
  });
  return {
    write(data) {
      if (!stream.writable) return;
      if (stream.writableLength > MAX_UNSENT_BYTES) {
        const waiting = `${Math.floor(stream.writableLength / 1024 / 1024)} MiB wait for it`;
        const detail = `it asks and reads nothing: ${waiting}`;
        return session.refuse(new StepError({ cause: 'protocol', detail, isFlood: true }));
      }
      written = new Promise((resolve) => stream.write(data, () => resolve()));
    },
    drained: () => Promise.race([written, ended.then(() => undefined)]),
    onStdout: (listener) => void stream.on('data', listener),
    onStderr: (listener) => void stream.stderr.on('data', listener),
    ended,
    expectEvery: (intervalMs) => session.expectEvery(intervalMs),
    endInput: () => void stream.end(),
    close,
  };
}

/** Runs the command on the server. Rejects with a `StepError`. */
export function openSsh2Channel(
  session: Session,
  command: string,
  limitMs: number,
  signal: AbortSignal,
  tell: (error: StepError) => Failure,
): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      forget();
      then();
    };
    const fail = (error: StepError) => settle(() => reject(error));
    const giveUp = () => fail(givenUp());
    const timer = setTimeout(
      () => fail(new StepError({ cause: 'timeout', stage: 'shell', limitMs })),
      limitMs,
    );
    const forget = session.whenEnded((failure) => setImmediate(() => fail(failure ?? givenUp())));
    if (session.closed) return;
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    session.client.exec(command, (error, stream) => {
      if (!error) settle(() => resolve(createChannel(stream, session, signal, tell)));
      // When the connection breaks, its own reason counts, not that of this request.
      else if (!session.closed) fail(explainExecError(error));
    });
  });
}
