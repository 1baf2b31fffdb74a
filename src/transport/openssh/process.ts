import { type ChildProcess, spawn } from 'node:child_process';
import type { Failure } from '../../report/causes.ts';
import { createChildChannel } from '../child-channel.ts';
import { givenUp, StepError } from '../ssh-step-error.ts';
import type { Channel, ChannelEnd } from '../transport.ts';
import type { LogPipe } from './log-pipe.ts';
import type { OpensshProgress } from './progress.ts';

/** One running ssh, until its command runs or it has failed. */
export interface OpensshProcess {
  /** The command runs. */
  opened(): void;
  /** Gives up with this reason; that of the first call counts. */
  fail(error: StepError): void;
  readonly channel: Promise<Channel>;
}

export interface OpensshProcessOptions {
  words: readonly string[];
  environment: NodeJS.ProcessEnv;
  log: LogPipe;
  progress: OpensshProgress;
  signal: AbortSignal;
  /** Why it ended by itself before the command ran. `errorOutput` is what it and its proxy wrote. */
  explain: (errorOutput: readonly string[]) => StepError;
  /** Why a command that ran has lost its connection. */
  explainLoss: () => Failure;
}

const KEPT_BYTES = 16 * 1024;
/** For ssh to say good-bye to the server, and end its proxy. */
const TERM_LIMIT_MS = 500;
/** A proxy that lives on may keep the streams open. */
const CLOSE_LIMIT_MS = 500;

/** ssh leads a session of its own: it must not ask on the head's terminal, and its proxies end with it. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // it has ended
  }
}

function endGroup(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), TERM_LIMIT_MS);
  child.once('exit', () => clearTimeout(timer));
}

function destroyStreams(child: ChildProcess): void {
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
}

/** What the error output holds when the process has ended. */
function readErrorOutput(child: ChildProcess): () => string[] {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-KEPT_BYTES);
  });
  return () =>
    text
      .split(/\r?\n/)
      .map((line) => line.trimEnd())
      .filter((line) => line !== '');
}

/** Starts ssh at once, as leader of a session of its own. The channel rejects with a `StepError`. */
export function startOpenssh(options: OpensshProcessOptions): OpensshProcess {
  const { log, progress, signal, explain, explainLoss } = options;
  const child = spawn('ssh', options.words, {
    env: options.environment,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let reason: StepError | null = null;
  let isOpen = false;
  let resolveChannel: (channel: Channel) => void = () => undefined;
  let rejectChannel: (error: unknown) => void = () => undefined;
  const channel = new Promise<Channel>((resolve, reject) => {
    resolveChannel = resolve;
    rejectChannel = reject;
  });

  function fail(error: StepError): void {
    if (isOpen) return;
    reason ??= error;
    endGroup(child);
  }

  const giveUp = () => fail(givenUp());
  const stopListening = () => signal.removeEventListener('abort', giveUp);

  child.on('error', (error) => {
    log.finish();
    stopListening();
    const missing = 'code' in error && error.code === 'ENOENT';
    rejectChannel(
      missing
        ? new StepError({
            cause: 'tool-missing',
            tool: 'ssh',
            hint: 'Install it: apt-get install openssh-client',
          })
        : error,
    );
  });
  child.stdin?.on('error', () => undefined);
  child.once('exit', () => {
    // Its last words lie in the pipe.
    log.finish();
    const timer = setTimeout(() => destroyStreams(child), CLOSE_LIMIT_MS);
    child.once('close', () => clearTimeout(timer));
    if (isOpen) return;
    const errorOutput = readErrorOutput(child);
    child.stdout?.resume();
    child.once('close', () => {
      stopListening();
      rejectChannel(reason ?? explain(errorOutput()));
    });
  });
  if (signal.aborted) giveUp();
  else signal.addEventListener('abort', giveUp, { once: true });

  function explainEnd(exitCode: number | null, killedBy: string | null): ChannelEnd {
    if (progress.exit !== null) return { ...progress.exit, failure: null };
    if (closing) return { exitCode: null, signal: null, failure: null };
    // Through a shared connection only the process itself tells.
    if (exitCode !== null && exitCode !== 255) return { exitCode, signal: killedBy, failure: null };
    return { exitCode: null, signal: null, failure: explainLoss() };
  }

  let closing = false;
  return {
    channel,
    fail,
    opened() {
      if (isOpen || reason !== null) return;
      isOpen = true;
      stopListening();
      const kill = () => {
        closing = true;
        endGroup(child);
      };
      resolveChannel(createChildChannel(child, signal, { explainEnd, kill }));
    },
  };
}
