import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';

/**
 * Asks a server that has been silent whether it is still there. ssh2's own keepalive asks whether or not anything
 * is heard, which costs a head of a thousand busy nodes a tenth of its CPU.
 */
export interface Keepalive {
  /** Looks this often from now on. */
  setInterval(intervalMs: number): void;
  stop(): void;
}

export interface KeepaliveOptions {
  client: Client;
  /** Whatever comes over it counts as a sign of life. */
  stream: Duplex;
  intervalMs: number;
  /** Questions without an answer before the server is given up. */
  count: number;
  /** Called once, with the time in which nothing can have been heard. */
  onDead(silentMs: number): void;
}

/** The global request that every server answers; ssh2 offers it under no public name. */
function ping(client: Client): void {
  const { _protocol: protocol } = client as Client & { _protocol?: { ping(): void } };
  protocol?.ping();
}

/** Looks every `intervalMs` milliseconds, until it is stopped or has given the server up. */
export function startKeepalive({ client, stream, intervalMs, count, onDead }: KeepaliveOptions): Keepalive {
  let heard = true;
  let unanswered = 0;
  const hear = () => {
    heard = true;
  };
  stream.on('data', hear);
  let everyMs = intervalMs;
  let timer = setInterval(look, everyMs);

  function look(): void {
    if (heard) {
      heard = false;
      unanswered = 0;
      return;
    }
    if (unanswered === count) {
      stop();
      // What was heard last may have come right after a look.
      return onDead(everyMs * (count + 2));
    }
    unanswered += 1;
    ping(client);
  }

  function stop(): void {
    clearInterval(timer);
    stream.off('data', hear);
  }
  return {
    setInterval(ms) {
      clearInterval(timer);
      everyMs = ms;
      timer = setInterval(look, ms);
    },
    stop,
  };
}
