import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import ssh2 from 'ssh2';
import type { SimulatedFleet } from './simulated-fleet.ts';

/** What any head pays that reads JSON through ssh2. It is the measure for the head's own figures, since machines differ. */
export interface Floor {
  /** CPU per sample: packets are decrypted, lines split and parsed, and nothing is checked, kept or answered. */
  sampleMicroseconds: number;
  /** Until all nodes have said something: no settings, known hosts, logs or monitors. */
  loginMs: number;
  loginCpuMs: number;
}

export async function measureFloor(
  { folder, ports }: SimulatedFleet,
  nodes: number,
  seconds: number,
): Promise<Floor> {
  const privateKey = readFileSync(join(folder, 'id'));
  let samples = 0;
  const clients: ssh2.Client[] = [];

  /** Resolves once the node has said something. */
  function connect(port: number, name: string): Promise<void> {
    const client = new ssh2.Client();
    clients.push(client);
    return new Promise((resolve, reject) => {
      client.on('error', reject);
      client.on('ready', () =>
        client.exec('call-0 ', (error, channel) => {
          if (error) return reject(error);
          channel.write(`-- 0 rollcall-monitor ${name} floor\n`);
          let rest = '';
          channel.setEncoding('utf8').on('data', (piece: string) => {
            const lines = (rest + piece).split('\n');
            rest = lines.pop() ?? '';
            for (const line of lines) {
              if (line.startsWith('{')) take(line);
              // A sample: its brief, a tab, the whole.
              if (line.startsWith('[')) take(line.slice(line.indexOf('\t') + 1));
            }
            resolve();
          });
        }),
      );
      client.connect({ host: '127.0.0.1', port, username: 'bench', privateKey });
    });
  }

  function take(line: string): void {
    const { type } = JSON.parse(line) as { type: string };
    if (type === 'sample') samples += 1;
  }

  const names = Array.from({ length: nodes }, (_, at) => `floor${at}`);
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  // As many logins at a time as the head does.
  const atMost = pLimit(64);
  await Promise.all(names.map((name, at) => atMost(() => connect(ports[at % ports.length] ?? 0, name))));
  const loginMs = performance.now() - startMs;
  const loginCpuMs = cpuMsSince(startCpu);
  await sleep(5_000);
  samples = 0;
  const before = process.cpuUsage();
  await sleep(seconds * 1000);
  const sampleMicroseconds = (cpuMsSince(before) * 1000) / samples;
  for (const client of clients) client.end();
  return { sampleMicroseconds, loginMs, loginCpuMs };
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
