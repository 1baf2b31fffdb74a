import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * How many connections and event streams may be open at a time. Whoever comes over the loopback is many: all who come
 * through a tunnel or a proxy have its address.
 */
export interface ConnectionLimits {
  total: number;
  perClient: number;
}

/** Whether many may come from this address. */
export const isShared = (address: string): boolean => address === '::1' || /^(?:::ffff:)?127\./.test(address);

/** How many of `limits` this client may have; null: a Unix socket, whose owner alone gets there. */
export function limitFor(client: string | null, { total, perClient }: ConnectionLimits): number {
  return client === null || isShared(client) ? total : perClient;
}

/** Of `connections` descriptors: one client has half of them at most, and streams leave a quarter to requests. */
export function connectionLimits(connections: number): {
  sockets: ConnectionLimits;
  streams: ConnectionLimits;
} {
  const streams = Math.max(1, Math.floor((connections * 3) / 4));
  return {
    sockets: { total: connections, perClient: Math.ceil(connections / 2) },
    streams: { total: streams, perClient: Math.ceil(streams / 3) },
  };
}

/** Closes what comes beyond the limits at once; what rests between two requests gives way first. */
export function limitConnections(server: Server, limits: ConnectionLimits): void {
  const counts = new Map<string, number>();
  server.maxConnections = limits.total;
  server.on('drop', () => server.closeIdleConnections());
  server.on('connection', (socket: Socket) => {
    const client = socket.remoteAddress ?? '';
    const count = (counts.get(client) ?? 0) + 1;
    if (count > limitFor(client, limits)) {
      socket.destroy();
      return;
    }
    counts.set(client, count);
    socket.once('close', () => {
      const left = (counts.get(client) ?? 1) - 1;
      if (left > 0) counts.set(client, left);
      else counts.delete(client);
    });
  });
}
