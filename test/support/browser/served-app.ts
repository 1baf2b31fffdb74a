import type { AddressInfo, Socket } from 'node:net';
import { serve } from '@hono/node-server';
import type { App } from '../../../src/web/app.ts';

/** An app behind a real port of this machine. */
export interface ServedApp {
  app: App;
  port: number;
  origin: string;
  /** As if the cable was pulled out: the port answers nobody. */
  cut(): Promise<void>;
  /** The same head again, with its memory of what it sent. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** Port 0 is any free one. */
export function serveApp(app: App, port = 0): Promise<ServedApp> {
  const sockets = new Set<Socket>();
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, (address: AddressInfo) =>
      resolve({
        app,
        port: address.port,
        origin: `http://127.0.0.1:${address.port}`,
        cut,
        restore: () => new Promise((restored) => server.listen(address.port, '127.0.0.1', () => restored())),
        close() {
          app.close();
          return cut();
        },
      }),
    );
    server.on('error', reject);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });

    function cut(): Promise<void> {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of sockets) socket.destroy();
      return closed;
    }
  });
}
