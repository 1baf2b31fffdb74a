import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';

/** Answers one prompt of an ssh; null leaves it without an answer. */
export type Answerer = (prompt: string) => string | null;

/** What one ssh may ask while it logs in. */
export interface AskpassPass {
  /** For the child: where to ask, with a token that is good until `end`. No secret. */
  environment: Record<string, string>;
  end(): void;
}

/** Hands answers to `scripts/askpass.sh`, which ssh runs where it would ask a person. */
export interface AskpassServer {
  admit(answer: Answerer): Promise<AskpassPass>;
  dispose(): void;
}

export interface AskpassServerOptions {
  /** A folder of our own; made with mode 0700. */
  folder: string;
  /** Of `scripts/askpass.sh`. */
  program: string;
}

const SOCKET_NAME = 'askpass.sock';
const MAX_REQUEST_BYTES = 8192;
const REQUEST_LIMIT_MS = 5_000;

/** A Unix socket's path has 107 bytes at most; a folder's descriptor makes a short one of any. */
function shortPath(folder: string): string {
  const path = join(folder, SOCKET_NAME);
  return Buffer.byteLength(path) <= 100 ? path : `/proc/self/fd/${openSync(folder, 'r')}/${SOCKET_NAME}`;
}

/** What heads that were killed have left beside ours: folders are named by their heads' pids. */
function removeStale(folder: string): void {
  const parent = dirname(folder);
  for (const name of readdirSync(parent)) {
    if (/^\d+$/.test(name) && !existsSync(`/proc/${name}`))
      rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function listen(folder: string, onConnection: (socket: Socket) => void): Promise<Server> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  removeStale(folder);
  const path = shortPath(folder);
  rmSync(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, onConnection);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      // The head ends when its other work does.
      server.unref();
      resolve(server);
    });
  });
}

/** The socket is made with the first ssh that is admitted; `admit` rejects where it cannot be. */
export function createAskpassServer({ folder, program }: AskpassServerOptions): AskpassServer {
  const passes = new Map<string, Answerer>();
  let server: Promise<Server> | null = null;

  /** A request is the token, a line end, the prompt; the answer is the secret, or nothing. */
  function serve(socket: Socket): void {
    const chunks: Buffer[] = [];
    let size = 0;
    socket.setTimeout(REQUEST_LIMIT_MS, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      size += chunk.length;
      if (size > MAX_REQUEST_BYTES) socket.destroy();
      else chunks.push(chunk);
    });
    socket.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const lineEnd = text.indexOf('\n');
      const answer = passes.get(text.slice(0, lineEnd))?.(text.slice(lineEnd + 1)) ?? '';
      socket.end(answer);
    });
  }

  return {
    async admit(answer) {
      server ??= listen(folder, serve);
      await server;
      const token = randomBytes(24).toString('hex');
      passes.set(token, answer);
      return {
        environment: {
          SSH_ASKPASS: program,
          SSH_ASKPASS_REQUIRE: 'force',
          ROLLCALL_ASKPASS_FOLDER: folder,
          ROLLCALL_ASKPASS_TOKEN: token,
          ROLLCALL_ASKPASS_NODE: process.execPath,
        },
        end: () => void passes.delete(token),
      };
    },
    dispose() {
      passes.clear();
      server?.then(
        (found) => found.close(),
        () => undefined,
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
