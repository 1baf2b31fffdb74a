import type { Duplex } from 'node:stream';
import ssh2, {
  type GetStreamCallback,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';

/** The user's ssh-agent, with a limit on every answer. */
export interface AgentClient {
  /** Its keys; null where nobody answers at the socket. */
  listKeys(): Promise<ParsedKey[] | null>;
  /** An agent that knows just one key, so that keys can be tried in ssh's own order. */
  only(key: ParsedKey): InstanceType<typeof ssh2.BaseAgent>;
  /** Ends conversations that are still under way. */
  close(): void;
}

const LIMIT_MS = 3_000;

const isParsedKey = (key: unknown): key is ParsedKey =>
  typeof key === 'object' && key !== null && 'getPublicSSH' in key;

/** Remembers its sockets: an agent that hangs must not keep them open. */
class WatchedAgent extends ssh2.OpenSSHAgent {
  readonly streams = new Set<Duplex>();

  override getStream(callback: GetStreamCallback): void {
    super.getStream((error, stream) => {
      if (stream) {
        this.streams.add(stream);
        stream.once('close', () => this.streams.delete(stream));
      }
      callback(error, stream);
    });
  }
}

class SingleKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: WatchedAgent;
  readonly #key: ParsedKey;

  constructor(agent: WatchedAgent, key: ParsedKey) {
    super();
    this.#agent = agent;
    this.#key = key;
  }

  getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [this.#key]);
  }

  sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    if (typeof options === 'function') this.#agent.sign(key, data, options);
    else this.#agent.sign(key, data, options, callback);
  }
}

/** Nothing is opened before it is asked; each answer is awaited for 3 s. */
export function createAgentClient(socketPath: string): AgentClient {
  const agent = new WatchedAgent(socketPath);
  const close = () => {
    for (const stream of agent.streams) stream.destroy();
  };
  return {
    listKeys: () =>
      new Promise((resolve) => {
        const give = (keys: ParsedKey[] | null) => {
          clearTimeout(timer);
          resolve(keys);
        };
        const timer = setTimeout(() => {
          close();
          give(null);
        }, LIMIT_MS);
        agent.getIdentities((error, keys) => give(error ? null : (keys ?? []).filter(isParsedKey)));
      }),
    only: (key) => new SingleKeyAgent(agent, key),
    close,
  };
}
