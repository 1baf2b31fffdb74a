import type { ChildProcess } from 'node:child_process';
import type { Channel, ChannelEnd } from './transport.ts';

export interface ChildChannelOptions {
  /** How the end of the process is told; by its exit code and signal unless given. */
  explainEnd?: (exitCode: number | null, signal: string | null) => ChannelEnd;
  /** Ends the process; by SIGKILL unless given. */
  kill?: () => void;
}

/** A child process with three pipes as a channel: the local shell, or the system's ssh. */
export function createChildChannel(
  child: ChildProcess,
  signal: AbortSignal,
  options: ChildChannelOptions = {},
): Channel {
  const { explainEnd = (exitCode, killedBy) => ({ exitCode, signal: killedBy, failure: null }) } = options;
  const { kill = () => child.kill('SIGKILL') } = options;
  const ended = new Promise<ChannelEnd>((resolve) => {
    child.once('close', (exitCode, killedBy) => resolve(explainEnd(exitCode, killedBy)));
  });
  const close = () => {
    kill();
    child.stdin?.destroy();
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  signal.addEventListener('abort', close, { once: true });
  ended.then(() => signal.removeEventListener('abort', close));
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  return {
    write(data) {
      if (child.stdin?.writable) child.stdin.write(data);
    },
    drained() {
      const { stdin } = child;
      if (!stdin?.writableNeedDrain) return Promise.resolve();
      return new Promise((resolve) => {
        const finish = () => {
          stdin.off('drain', finish).off('close', finish);
          resolve();
        };
        stdin.once('drain', finish).once('close', finish);
      });
    },
    onStdout: (listener) => child.stdout?.on('data', listener),
    onStderr: (listener) => child.stderr?.on('data', listener),
    ended,
    endInput: () => child.stdin?.end(),
    close,
  };
}
