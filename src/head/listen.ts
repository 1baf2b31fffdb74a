import { createServer } from 'node:net';
import type { Config } from '../config/config.ts';
import type { ConnectionLimits } from '../web/connection-limits.ts';
import { portHolder } from '../web/port-holder.ts';
import { type Listening, type Served, serve } from '../web/serve.ts';

type Address = Pick<Config, 'host' | 'port'>;

/** Serves the page, or says why it cannot be served there. */
export async function listen(
  app: Served,
  { host, port }: Address,
  connections: ConnectionLimits,
): Promise<Listening> {
  try {
    return await serve(app, { host, port }, { connections });
  } catch (error) {
    throw explained(error, { host, port });
  }
}

/** Rejects with a sentence where nothing could listen at this address now. */
export async function checkAddress({ host, port }: Address): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(explained(error, { host, port })));
    server.listen({ host, port }, () => server.close(() => resolve()));
  });
}

function explained(error: unknown, { host, port }: Address): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'EADDRINUSE') {
    return new Error(
      `port ${port} on ${host} is taken${portHolder(port)}; choose another one: --port ${port + 1}`,
    );
  }
  if (code === 'EACCES')
    return new Error(`port ${port} may not be opened by this user; choose one above 1023: --port 7070`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new Error(`host "${host}" is not an address of this machine; use --host 127.0.0.1`);
  return error;
}
