import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import type { SimulatedFleet } from './simulated-fleet.ts';

/**
 * What any head pays that reads JSON through ssh2, in microseconds of CPU per sample: packets are decrypted, lines
 * split and parsed, and nothing is checked, kept or answered. It is the measure for the head's own figure, since
 * machines differ.
 */
export async function measureFloor(
  { folder, ports }: SimulatedFleet,
  nodes: number,
  seconds: number,
): Promise<number> {
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
            for (const line of lines) if (line.startsWith('{')) take(line);
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
  // As many logins at a time as the head does.
  for (let first = 0; first < nodes; first += 64)
    await Promise.all(
      names.slice(first, first + 64).map((name, at) => connect(ports[at % ports.length] ?? 0, name)),
    );
  await sleep(5_000);
  samples = 0;
  const before = process.cpuUsage();
  await sleep(seconds * 1000);
  const { user, system } = process.cpuUsage(before);
  const microseconds = (user + system) / samples;
  for (const client of clients) client.end();
  return microseconds;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
