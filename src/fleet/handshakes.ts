import pLimit, { type LimitFunction } from 'p-limit';
import type { Target } from '../nodes/target.ts';
import { descriptorShortage } from '../transport/head-limits.ts';
import { StepError } from '../transport/ssh-step-error.ts';

/** Room for logins that are under way. Servers and jump hosts drop what knocks all at once (MaxStartups). */
export interface Handshakes {
  /**
   * Resolves when there is room for one more, with the way to give the room back; null where the signal
   * came first. Rejects with a `StepError` where nodes have all file descriptors that they may have.
   */
  enter(target: Target, signal: AbortSignal): Promise<(() => void) | null>;
}

export interface HandshakeLimits {
  /** At a time. */
  total: number;
  perJumpHost: number;
  /** File descriptors that are kept back from nodes. */
  reservedDescriptors: number;
  /** The jump host that a node's connection goes through; null where it goes straight. Never rejects. */
  jumpHostOf(target: Target): Promise<string | null>;
}

type Release = () => void;

/** Waits for a turn; the turn is over when it is released. */
function awaitTurn(limit: LimitFunction): Promise<Release> {
  return new Promise((resolve) => {
    void limit(() => new Promise<void>((release) => resolve(release)));
  });
}

/** Room for so many logins at a time, in all and through one jump host. */
export function createHandshakes({
  total,
  perJumpHost,
  reservedDescriptors,
  jumpHostOf,
}: HandshakeLimits): Handshakes {
  const all = pLimit(total);
  const throughJumpHosts = new Map<string, LimitFunction>();

  function limitFor(jumpHost: string): LimitFunction {
    const limit = throughJumpHosts.get(jumpHost) ?? pLimit(perJumpHost);
    throughJumpHosts.set(jumpHost, limit);
    return limit;
  }

  return {
    async enter(target, signal) {
      const jumpHost = await jumpHostOf(target);
      const turns: Release[] = [];
      // The narrow gate first: who waits there takes no room from others.
      const gates = jumpHost === null ? [] : [limitFor(jumpHost)];
      for (const gate of [...gates, all]) {
        turns.push(await awaitTurn(gate));
        if (signal.aborted) break;
      }
      const release = () => {
        for (const turn of turns) turn();
      };
      const shortage = signal.aborted ? null : descriptorShortage(reservedDescriptors);
      if (!signal.aborted && shortage === null) return release;
      release();
      if (shortage !== null) throw new StepError(shortage);
      return null;
    },
  };
}
