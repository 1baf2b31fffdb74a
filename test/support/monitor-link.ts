import { spawn } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { defaultNodeSettings } from '../../src/nodes/node-settings.ts';
import type { MonitorBundle } from '../../src/transport/bootstrap/monitor-bundle.ts';
import type { MonitorLinkOptions } from '../../src/transport/bootstrap/monitor-link.ts';
import type { RuntimeStore } from '../../src/transport/bootstrap/runtimes.ts';
import { createChildChannel } from '../../src/transport/child-channel.ts';
import { type Transport, TransportError } from '../../src/transport/transport.ts';
import { noNvmlKits } from './no-nvml-kits.ts';

/** A conversation with a monitor on this machine, without the network. */

export const target = {
  name: 'test-node',
  host: 'test-node',
  user: null,
  port: null,
  local: false,
  settings: defaultNodeSettings,
};
const way = { node: 'test-node', sshWords: ['ssh', 'test-node'], host: 'test-node', port: 22 };

/** What a login shell on a node does with the command, without the network. */
export function shellTransport(shell: string, environment: NodeJS.ProcessEnv): Transport {
  return {
    name: 'local',
    open: async (_target, { command, signal }) =>
      createChildChannel(spawn(shell, ['-c', command], { stdio: 'pipe', env: environment }), signal),
    dispose: () => undefined,
  };
}

/** A monitor that speaks the protocol and leaves at the end of stdin. */
export function bundleOf(source: string): MonitorBundle {
  return { build: 'test', gzip: gzipSync(source), nvmlKits: noNvmlKits };
}
export const HELLO = `const [build, nonce, interval, title, node, head] = process.argv.slice(-6);
  process.stdin.on('data', (d) => String(d).includes('stop') && (console.log(JSON.stringify({type:'bye',reason:'the head said stop'})), setTimeout(() => process.exit(0), 50))).on('end', () => process.exit(0));
  const say = (m) => console.log(JSON.stringify(m));
  const hello = {type:'hello',protocol:1,build,nonce,pid:process.pid,hostname:node,os:head,kernel:interval,runtime:process.version,gpus:null};`;
export const good = bundleOf(`${HELLO} say(hello);`);

const noRuntimes: RuntimeStore = { forMachine: () => Promise.resolve(null) };

export function options(transport: Transport, more: Partial<MonitorLinkOptions> = {}): MonitorLinkOptions {
  return {
    transport,
    target,
    way,
    monitor: good,
    runtimes: noRuntimes,
    headId: 'head-t',
    intervalMs: 1000,
    signal: new AbortController().signal,
    onMessage: () => undefined,
    onSample: () => undefined,
    stageLimitMs: 8_000,
    ...more,
  };
}

export const failureOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => {
      throw new Error('it worked');
    },
    (error: unknown) => {
      if (error instanceof TransportError) return error.failure;
      throw error;
    },
  );
