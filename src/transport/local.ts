import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { createFailure } from '../report/failures.ts';
import { createChildChannel } from './child-channel.ts';
import { headLimitOf } from './head-limits.ts';
import type { Transport } from './transport.ts';
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
  const detail = headLimitOf(error) ?? { cause: 'no-shell' as const, detail: error.message };
  return new TransportError(createFailure(way(node), detail));
}

function aborted(node: string): TransportError {
  return new TransportError(createFailure(way(node), { cause: 'closed', stage: null, detail: 'given up' }));
}
