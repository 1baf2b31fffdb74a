import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { hasStreams, headLimitOf } from '../head-limits.ts';
import { StepError, toStepError } from '../ssh-step-error.ts';

/** A ProxyCommand as a byte stream. */
export interface ProxyCommandStream {
  stream: Duplex;
  /** Why the command ended by itself; null while it runs or after we ended it. */
  failure(): StepError | null;
}

const KEPT_LINES = 8;
const KEPT_CHARACTERS = 4096;
/** How long the command's last words may come after the end of its output. */
const LAST_WORDS_MS = 200;
const TERM_LIMIT_MS = 1_000;

/** The command leads a process group of its own: a pipeline is more than one process. */
function signalGroup(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // it has ended
  }
}

function endGroup(child: ChildProcessWithoutNullStreams): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), TERM_LIMIT_MS);
  child.once('exit', () => clearTimeout(timer));
}

/** Passes the end on once the command's error output is read too, so that its reason can be told. */
function onOutputEnd(child: ChildProcessWithoutNullStreams, then: () => void): void {
  child.stdout.once('end', () => {
    const timer = setTimeout(then, LAST_WORDS_MS);
    child.once('close', () => {
      clearTimeout(timer);
      then();
    });
  });
}

function asDuplex(child: ChildProcessWithoutNullStreams): Duplex {
  const stream = new Duplex({
    read: () => void child.stdout.resume(),
    write: (chunk: Buffer, _, done) => {
      // A command that is gone says why on its error output; its end comes with that of its output.
      child.stdin.write(chunk, () => done());
    },
    final: (done) => {
      child.stdin.end();
      done();
    },
    destroy: (error, done) => {
      endGroup(child);
      for (const end of [child.stdin, child.stdout, child.stderr]) end.destroy();
      done(error);
    },
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause();
  });
  onOutputEnd(child, () => {
    if (!stream.destroyed) stream.push(null);
  });
  return stream;
}

/** Why a child has no streams; Node.js says so a moment later. */
function startError(child: ChildProcessWithoutNullStreams): Promise<StepError> {
  return new Promise((resolve) => child.once('error', (error) => resolve(toStepError(error))));
}

/** Runs the command as ssh does: the user's shell, told to replace itself. Rejects where the head cannot start it. */
export async function startProxyCommand(
  command: string,
  environment: NodeJS.ProcessEnv,
): Promise<ProxyCommandStream> {
  const child = spawn(environment.SHELL || '/bin/sh', ['-c', `exec ${command}`], {
    env: environment,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (!hasStreams(child)) throw await startError(child);
  let said = '';
  let ended: string | null = null;
  let limit: StepError | null = null;
  const stream = asDuplex(child);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-KEPT_CHARACTERS);
  });
  child.stdin.on('error', () => undefined);
  child.once('error', (error) => {
    const detail = headLimitOf(error);
    if (detail !== null) limit = new StepError(detail);
    ended = error.message;
    stream.destroy();
  });
  child.once('exit', (code, signal) => {
    ended ??= signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
  });
  return {
    stream,
    failure() {
      if (limit !== null || ended === null) return limit;
      const lines = said.split('\n').filter((line) => line.trim() !== '');
      const detail = `the ProxyCommand says: ${lines.at(-1) ?? ended}`;
      return new StepError({ cause: 'proxy', detail }, lines.slice(-KEPT_LINES));
    },
  };
}
