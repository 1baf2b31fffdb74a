// One process of simulated nodes: an SSH server that plays the bootstrap conversation and then sends samples. Every
// node is the same host under another name; some misbehave. Started with: KEY-FILE PORT INTERVAL_MS ROLES
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import ssh2, { type ServerChannel } from 'ssh2';
import { createRandom } from '../src/lib/random.ts';
import { lineOfSample } from '../src/monitor/message-lines.ts';
import { type Roles, roleOf } from './roles.ts';
import { simulatedFacts, simulatedHello, simulatedSample } from './simulated-sample.ts';

const [keyFile = '', port = '0', interval = '1000', rolesText = '{}'] = process.argv.slice(2);
const intervalMs = Number(interval);
const roles = JSON.parse(rolesText) as Roles;
const random = createRandom(1);
const some = (limit: number) => Math.floor(random() * limit);

const noProcesses = { processes: new Map() };

/** How long a node that misbehaves does not. */
const TURN_MS = 60_000;

/** The loader's part of the conversation: mark, one line, so many bytes of monitor, hello. */
function playMonitor(channel: ServerChannel, command: string, breakOff: () => void): void {
  const nonce = /call-([0-9a-f]+) /.exec(command)?.[1] ?? '';
  const say = (message: object) => channel.write(`${JSON.stringify(message)}\n`);
  let stage: 'line' | 'payload' | 'running' = 'line';
  let line = '';
  let missing = 0;
  let timer: NodeJS.Timeout | undefined;
  let turnTimer: NodeJS.Timeout | undefined;

  function begin(): void {
    stage = 'running';
    // The last words of the line are title, node and head.
    const role = roleOf(/rollcall-monitor (\S+) \S+\s*$/.exec(line)?.[1] ?? '', roles);
    say(simulatedHello(nonce));
    if (role === 'rubbish') return void channel.write('not a message\n');
    if (role === 'flapping') turnTimer = setTimeout(breakOff, TURN_MS * (0.5 + random()));
    if (role === 'hanging') turnTimer = setTimeout(() => clearInterval(timer), TURN_MS * (0.5 + random()));
    say(simulatedFacts);
    let sequence = 0;
    const next = () => channel.write(lineOfSample(simulatedSample(++sequence, intervalMs), noProcesses));
    // Nodes do not tick together.
    timer = setTimeout(
      () => {
        next();
        timer = setInterval(next, intervalMs);
      },
      some(Math.min(intervalMs, 1_000)),
    );
  }

  channel.write(`rollcall-${nonce} Linux x86_64 1000 /usr/bin/node\n`);
  channel.on('data', (chunk: Buffer) => {
    let rest = chunk;
    if (stage === 'line') {
      const end = chunk.indexOf(10);
      line += chunk.subarray(0, end < 0 ? undefined : end).toString('latin1');
      if (end < 0) return;
      rest = chunk.subarray(end + 1);
      missing = Number(/ -- (\d+) /.exec(line)?.[1] ?? 0);
      stage = 'payload';
    }
    if (stage !== 'payload') return;
    missing -= rest.length;
    if (missing <= 0) begin();
  });
  channel.on('end', () => channel.end());
  const stop = () => {
    clearTimeout(timer);
    clearTimeout(turnTimer);
  };
  channel.on('close', stop);
  channel.on('error', stop);
}

const server = new ssh2.Server({ hostKeys: [readFileSync(keyFile)] }, (client) => {
  client.on('authentication', (context) => context.accept());
  client.on('ready', () => {
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, info) =>
        playMonitor(acceptExec(), info.command, () => client.end()),
      );
    });
  });
  client.on('error', () => undefined);
});
server.listen(Number(port), '127.0.0.1', () => {
  const { port: taken } = server.address() as AddressInfo;
  process.send?.({ port: taken, sampleBytes: JSON.stringify(simulatedSample(1, intervalMs)).length });
});
process.on('disconnect', () => process.exit(0));
