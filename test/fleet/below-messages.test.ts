import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import ssh2, { type Connection } from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { createWorkFolder, fleet, requireFleet } from './fleet.ts';

/** What the library's server sends under no public name. */
interface Sender {
  ping(): void;
  channelData(channel: number, data: Buffer): void;
  openssh_forwardedStreamLocal(channel: number, window: number, packet: number, at: object): void;
}
type Flood = (connection: Connection, sender: Sender) => void;

const again = (connection: Connection, send: () => void) => {
  const timer = setInterval(() => {
    for (let count = 0; count < 500; count++) send();
  }, 1);
  connection.once('close', () => clearInterval(timer));
};
const floods: Record<string, Flood> = {
  questions: (connection, sender) => again(connection, () => sender.ping()),
  nothing: (connection, sender) => again(connection, () => sender.channelData(0, Buffer.alloc(0))),
  channels: (connection, sender) =>
    again(connection, () => sender.openssh_forwardedStreamLocal(0, 1e6, 32_768, { socketPath: '/x' })),
  keys(connection) {
    const exchange = (): void => {
      connection.rekey(exchange);
    };
    exchange();
  },
};

/** Logs everybody in, takes a command, and floods. Resolves to its port. */
async function startFlood(
  flood: Flood,
  privateKey: string,
  onEnd: (end: () => void) => void,
): Promise<number> {
  const server = new ssh2.Server({ hostKeys: [privateKey] }, (connection) => {
    const { _protocol: sender } = connection as Connection & { _protocol: Sender };
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => context.accept());
    connection.on('session', (accept) =>
      accept().on('exec', (take) => {
        take().on('error', () => undefined);
        flood(connection, sender);
      }),
    );
  });
  const door = createServer((socket) => server.injectSocket(socket));
  door.listen(0, '127.0.0.1');
  onEnd(() => door.close());
  await once(door, 'listening');
  return (door.address() as AddressInfo).port;
}

describe.runIf(fleet)('servers that flood below the messages', () => {
  let head: HeadProcess;
  const folder = createWorkFolder();
  const ends: (() => void)[] = [() => folder.remove()];

  beforeAll(async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    });
    const lines = [`Include ${requireFleet().sshConfigFile}`];
    for (const [name, flood] of Object.entries(floods)) {
      const port = await startFlood(flood, privateKey, (end) => ends.push(end));
      lines.push(`Host flood-${name}`, '  HostName 127.0.0.1', `  Port ${port}`);
    }
    lines.push(
      'Host flood-*',
      `  IdentityFile ${requireFleet().identityFile}`,
      `  UserKnownHostsFile ${join(folder.path, 'known_hosts')}`,
      '  StrictHostKeyChecking accept-new',
    );
    writeFileSync(join(folder.path, 'ssh_config'), `${lines.join('\n')}\n`);
    head = createHeadProcess(join(folder.path, 'ssh_config'));
    head.writeList(['n1', ...Object.keys(floods).map((name) => `flood-${name}`)].join('\n'));
    expect((await head.start()).code).toBe(0);
  }, 90_000);
  afterAll(async () => {
    await head?.dispose();
    for (const end of ends) end();
  }, 30_000);

  it.each([
    ['questions', /SSH packets a second|MiB wait for it/],
    ['nothing', /SSH packets a second/],
    ['channels', /SSH packets a second|MiB wait for it/],
    ['keys', /key exchanges a minute/],
  ])(
    'with %s are left alone, and it is told',
    async (name, words) => {
      await expect
        .poll(async () => (await head.node(`flood-${name}`))?.message ?? '', {
          timeout: 60_000,
          interval: 300,
        })
        .toMatch(words);
      expect(await head.node(`flood-${name}`)).toMatchObject({ cause: 'protocol', state: 'unreachable' });
    },
    70_000,
  );

  it('keep nobody from the others', async () => {
    await expect
      .poll(async () => (await head.node('n1'))?.state, { timeout: 30_000, interval: 300 })
      .toBe('live');
    expect((await head.get('/', { accept: 'text/html' })).status).toBe(200);
  }, 40_000);
});
