import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import ssh2, { type Connection } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { createTrafficMeter, jumpHostTraffic, nodeTraffic, watchTraffic } from './traffic.ts';

describe('traffic of a connection', () => {
  it('is that of a healthy node for ever', () => {
    let nowMs = 0;
    const meter = createTrafficMeter(nodeTraffic, () => nowMs);
    expect(meter.countBytes(200_000)).toBeNull();
    meter.loggedIn();
    for (let second = 0; second < 7_200; second++) {
      nowMs += 1_000;
      for (let packet = 0; packet < 40; packet++) expect(meter.countPacket()).toBeNull();
      expect(meter.countBytes(1024 * 1024)).toBeNull();
      if (second % 3_600 === 0) expect(meter.countRekey()).toBeNull();
    }
    // What piled up behind a slow link.
    expect(meter.countBytes(20 * 1024 * 1024)).toBeNull();
  });

  it('has an end in bytes, packets, key exchanges and what waits', () => {
    const meter = createTrafficMeter(nodeTraffic, () => 0);
    expect(meter.countBytes(1024 * 1024 + 1)).toBe('more than 1 MiB before the login');
    meter.loggedIn();
    const last = (count: () => string | null, times: number) =>
      Array.from({ length: times }, count).at(-1) ?? '';
    expect(last(() => meter.countBytes(1024 * 1024), 41)).toBe('more than 2 MiB of SSH data a second');
    expect(last(meter.countPacket, 20_001)).toBe('more than 1000 SSH packets a second');
    expect(last(meter.countRekey, 61)).toBe('more than 60 key exchanges a minute');
    expect(meter.checkUnsent(65 * 1024 * 1024)).toContain('65 MiB wait for it');
    const jump = createTrafficMeter(jumpHostTraffic, () => 0);
    jump.loggedIn();
    expect(last(jump.countPacket, 20_001)).toBe('');
  });
});

describe('a server that floods below the messages', () => {
  let end: () => void = () => undefined;
  afterEach(() => end());

  /** A real SSH server in this process, and a client that is watched. Resolves to what was too much. */
  async function flooded(flood: (connection: Connection) => void): Promise<string> {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    });
    const server = new ssh2.Server({ hostKeys: [privateKey] }, (connection) => {
      connection.on('error', () => undefined);
      connection.on('authentication', (context) => context.accept());
      connection.on('ready', () => flood(connection));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const socket: Socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = new ssh2.Client();
    client.on('error', () => undefined);
    end = () => {
      socket.destroy();
      server.close();
    };
    client.connect({ sock: socket, username: 'ann', authHandler: [{ type: 'none', username: 'ann' }] });
    return new Promise((resolve) => {
      const watch = watchTraffic(client, socket, nodeTraffic, (detail) => {
        resolve(detail);
        socket.destroy();
      });
      client.once('ready', () => watch.loggedIn());
    });
  }

  it('with packets that say nothing is found out', async () => {
    const detail = await flooded((connection) => {
      const { _protocol: protocol } = connection as Connection & { _protocol: { ping(): void } };
      const more = () => {
        for (let count = 0; count < 2_000; count++) protocol.ping();
        timer = setImmediate(more);
      };
      let timer = setImmediate(more);
      connection.once('close', () => clearImmediate(timer));
    });
    expect(detail).toMatch(/SSH packets a second|MiB wait for it/);
  });

  it('with one key exchange after the other is found out', async () => {
    const detail = await flooded((connection) => {
      const again = (): void => {
        connection.rekey(again);
      };
      again();
    });
    expect(detail).toBe('more than 60 key exchanges a minute');
  });
});
