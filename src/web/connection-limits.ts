import type { IncomingMessage, Server } from 'node:http';
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

const hasBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Keeps within the limits: what has asked for nothing, or has not sent all of its request, gives way to what comes, the
 * longest first. Whoever opens many and says nothing takes nobody's place. Where all are busy, what comes is closed at
 * once.
 */
export function limitConnections(server: Server, limits: ConnectionLimits): void {
  const clients = new Map<Socket, string>();
  const resting = new Set<Socket>();

  /** The newcomer itself is the last of those that rest. */
  function makeRoom(gives: (socket: Socket) => boolean): void {
    for (const socket of resting) {
      if (!gives(socket)) continue;
      forget(socket);
      socket.destroy();
      return;
    }
  }

  function forget(socket: Socket): void {
    clients.delete(socket);
    resting.delete(socket);
  }

  server.on('connection', (socket: Socket) => {
    const client = socket.remoteAddress ?? '';
    clients.set(socket, client);
    resting.add(socket);
    socket.once('close', () => forget(socket));
    const isSame = (other: Socket) => clients.get(other) === client;
    if ([...clients.keys()].filter(isSame).length > limitFor(client, limits)) makeRoom(isSame);
    else if (clients.size > limits.total) makeRoom(() => true);
  });
  server.on('request', (request, answer) => {
    const { socket } = request;
    if (hasBody(request)) request.once('end', () => resting.delete(socket));
    else resting.delete(socket);
    answer.once('close', () => {
      if (clients.has(socket)) resting.add(socket);
    });
  });
}
