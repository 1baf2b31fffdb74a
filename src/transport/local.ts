import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { createFailure } from '../protocol/failures.ts';
import type { Channel, ChannelEnd, Transport } from './transport.ts';
import { TransportError } from './transport.ts';

/** The machine that the head runs on: the same bootstrap, without SSH. */
export function createLocalTransport(environment: NodeJS.ProcessEnv): Transport {
  return {
    name: 'local',
    open(target, { command, signal, onStage }) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(aborted(target.name));
        const child = spawn('/bin/sh', ['-c', command], {
          stdio: ['pipe', 'pipe', 'pipe'],
          env: withOwnRuntime(environment),
        });
        const failed = (error: Error) => reject(startError(target.name, error));
        child.once('error', failed);
        child.once('spawn', () => {
          child.off('error', failed);
          onStage?.('login', 'this machine');
          resolve(createChildChannel(child, signal));
        });
      });
    },
    dispose: () => undefined,
  };
}

/** A head started by a version manager may have no `node` on the PATH of a plain shell. */
function withOwnRuntime(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...environment, PATH: `${environment.PATH ?? '/usr/bin:/bin'}:${dirname(process.execPath)}` };
}

const way = (node: string) => ({ node, sshWords: [], host: 'localhost', port: 22 });

function startError(node: string, error: Error): TransportError {
  return new TransportError(createFailure(way(node), { cause: 'no-shell', detail: error.message }));
}

function aborted(node: string): TransportError {
  return new TransportError(createFailure(way(node), { cause: 'closed', stage: null, detail: 'given up' }));
}

/** A child process as a channel; also what the system's ssh will be seen through. */
export function createChildChannel(child: ReturnType<typeof spawn>, signal: AbortSignal): Channel {
  const ended = new Promise<ChannelEnd>((resolve) => {
    child.once('close', (exitCode, killedBy) => resolve({ exitCode, signal: killedBy, failure: null }));
  });
  const close = () => {
    child.kill('SIGKILL');
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
