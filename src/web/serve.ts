import { chmodSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { type ConnectionLimits, limitConnections } from './connection-limits.ts';

/** What a Hono app is to a server. */
export interface Served {
  fetch: (request: Request) => Response | Promise<Response>;
}

export interface Listening {
  /** Host and port that were given, or the path of a socket. */
  address: { host: string; port: number } | { path: string };
  /** Ends open streams too. */
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Connections at a time, in all and from one address. Without: as many as come. */
  connections?: ConnectionLimits;
}

/** Serves an app on an address or a Unix socket. Rejects with the system's error (`EADDRINUSE` …). */
export function serve(
  app: Served,
  at: { host: string; port: number } | { path: string },
  { connections }: ServeOptions = {},
): Promise<Listening> {
  // Slow request headers and bodies are no reason to hold a connection for ever.
  const times = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 };
  const server = createServer(times, getRequestListener(app.fetch));
  if (connections) limitConnections(server, connections);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, () => {
      if ('path' in at) chmodSync(at.path, 0o600);
      server.off('error', reject);
      resolve({ address: addressOf(server, at), close: () => closeServer(server) });
    });
  });
}

function addressOf(
  server: Server,
  at: { host: string; port: number } | { path: string },
): Listening['address'] {
  const found = server.address();
  if ('path' in at || found === null || typeof found === 'string') return at;
  return { host: at.host, port: found.port };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
