import type { Target } from '../nodes/target.ts';
import type { Failure, Stage } from '../report/causes.ts';
import type { Way } from '../report/failure-detail.ts';
import type { TransportName } from '../report/node-report.ts';
import type { SecretRequest } from './secrets/secret-request.ts';

/** How a command on a node ended. `failure` says why when it was not the command's own doing. */
export interface ChannelEnd {
  exitCode: number | null;
  signal: string | null;
  failure: Failure | null;
}

/** One command running on a node, with its three streams. Listeners are set before the first bytes come. */
export interface Channel {
  /** Where it leads, settings resolved; absent where nothing had to be resolved. */
  readonly way?: Way;
  /** How long the command may take for each further stage; absent where nothing says. */
  readonly stageMs?: number;
  /** Sends bytes to the command's stdin. Writing to a closed channel is ignored. */
  write(data: string | Uint8Array): void;
  /** Resolves when what was written has been handed to the system, or the channel has ended. */
  drained(): Promise<void>;
  onStdout(listener: (chunk: Buffer) => void): void;
  onStderr(listener: (chunk: Buffer) => void): void;
  /** Resolves once, when the command has ended or the connection is gone. Never rejects. */
  readonly ended: Promise<ChannelEnd>;
  /**
   * Something is to be heard this often, in milliseconds; a server that is silent for longer is asked whether it is
   * there. Absent where others look after that.
   */
  expectEvery?(intervalMs: number): void;
  /** Closes stdin: what a monitor takes as the order to leave. */
  endInput(): void;
  /** Closes everything at once. */
  close(): void;
}

export interface OpenOptions {
  /** The command, safe for any login shell. */
  command: string;
  signal: AbortSignal;
  /**
   * By `performance.now()`: when a person asked or keys changed. A jump host's failure from before then does not
   * count any more.
   */
  demandedAtMs?: number;
  /** Called as each stage is passed, with a short fact for a person (an address, a key type). */
  onStage?: (stage: Stage, fact: string) => void;
  /** Called when it is settled what carries the connection, with the reason where it is not the usual one. */
  onTransport?: (name: TransportName, reason: string | null) => void;
}

/** A way to a node. It yields channels and errors and decides nothing. */
export interface Transport {
  readonly name: TransportName;
  /** Opens a command on the node. Rejects with a `TransportError`, within its own limits per stage. */
  open(target: Target, options: OpenOptions): Promise<Channel>;
  /** Ends what is shared between connections (jump hosts, caches). */
  dispose(): void;
}

/** The only error that `Transport.open` rejects with. */
export class TransportError extends Error {
  readonly failure: Failure;
  /** Passwords and passphrases that nobody has said yet. */
  readonly missing: readonly SecretRequest[];
  /** Where the library was refused: the system's ssh may not be. */
  readonly isWorthAnotherTry: boolean;

  constructor(failure: Failure, missing: readonly SecretRequest[] = [], isWorthAnotherTry = false) {
    super(failure.message);
    this.name = 'TransportError';
    this.failure = failure;
    this.missing = missing;
    this.isWorthAnotherTry = isWorthAnotherTry;
  }
}
