import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import { createAllowance } from '../bootstrap/message-meter.ts';

/**
 * Bounds what goes over one connection below the messages: SSH packets of any kind, data that nobody reads, key exchanges,
 * and answers that the other end does not take. A monitor sends a few packets a second.
 *
 * What cannot be seen: packets of a key exchange that is under way (they count as bytes), and what kind a packet is.
 */
export interface TrafficLimits {
  /** Before the login: names, keys and banners. */
  earlyBytes: number;
  bytesPerSecond: number;
  packetsPerSecond: number;
  /** What may come at once, in seconds' worth. */
  burstSeconds: number;
  rekeysPerMinute: number;
  /** Bytes that wait for the other end to take them. */
  unsentBytes: number;
}

const MIB = 1024 * 1024;

/** Messages have a limit of 1 MiB a second; a runtime of 40 MiB may wait where the server takes it all at once. */
export const nodeTraffic: TrafficLimits = {
  earlyBytes: MIB,
  bytesPerSecond: 2 * MIB,
  packetsPerSecond: 1_000,
  burstSeconds: 20,
  rekeysPerMinute: 60,
  unsentBytes: 64 * MIB,
};

/** A jump host carries hundreds of nodes, each of which has limits of its own. */
export const jumpHostTraffic: TrafficLimits = {
  earlyBytes: MIB,
  bytesPerSecond: 256 * MIB,
  packetsPerSecond: 100_000,
  burstSeconds: 20,
  rekeysPerMinute: 600,
  unsentBytes: 512 * MIB,
};

export interface TrafficMeter {
  /** The login is over. */
  loggedIn(): void;
  /** Each returns a sentence once it is too much. */
  countBytes(bytes: number): string | null;
  countPacket(): string | null;
  countRekey(): string | null;
  checkUnsent(bytes: number): string | null;
}

/** One for each connection, from its first byte on. */
export function createTrafficMeter(
  limits: TrafficLimits,
  monotonicMs: () => number = () => performance.now(),
): TrafficMeter {
  const { earlyBytes, bytesPerSecond, packetsPerSecond, burstSeconds, rekeysPerMinute, unsentBytes } = limits;
  const bytes = createAllowance(bytesPerSecond, bytesPerSecond * burstSeconds);
  const packets = createAllowance(packetsPerSecond, packetsPerSecond * burstSeconds);
  const rekeys = createAllowance(rekeysPerMinute / 60, rekeysPerMinute);
  let isEarly = true;
  let early = 0;
  const lastMs = { bytes: monotonicMs(), packets: monotonicMs(), rekeys: monotonicMs() };

  function secondsSince(kind: keyof typeof lastMs): number {
    const nowMs = monotonicMs();
    const seconds = (nowMs - lastMs[kind]) / 1000;
    lastMs[kind] = nowMs;
    return seconds;
  }

  return {
    loggedIn() {
      isEarly = false;
    },
    countBytes(size) {
      if (isEarly) {
        early += size;
        return early > earlyBytes ? `more than ${earlyBytes / MIB} MiB before the login` : null;
      }
      return bytes(size, secondsSince('bytes'))
        ? null
        : `more than ${bytesPerSecond / MIB} MiB of SSH data a second`;
    },
    countPacket: () =>
      packets(1, secondsSince('packets')) ? null : `more than ${packetsPerSecond} SSH packets a second`,
    countRekey: () =>
      rekeys(1, secondsSince('rekeys')) ? null : `more than ${rekeysPerMinute} key exchanges a minute`,
    checkUnsent: (size) =>
      size <= unsentBytes ? null : `it asks and reads nothing: ${Math.floor(size / MIB)} MiB wait for it`,
  };
}

/** ssh2 tells of packets under no public name; where it does not, bytes alone are counted. */
function onPacket(client: Client, listener: () => void): void {
  const { _protocol: protocol } = client as Client & { _protocol?: { _onPacket?: unknown } };
  if (protocol !== undefined && typeof protocol._onPacket === 'function') protocol._onPacket = listener;
}

export interface TrafficWatch {
  loggedIn(): void;
  stop(): void;
}

/** Watches a connection that has just been begun. `onExcess` is called once. */
export function watchTraffic(
  client: Client,
  stream: Duplex,
  limits: TrafficLimits,
  onExcess: (detail: string) => void,
): TrafficWatch {
  const meter = createTrafficMeter(limits);
  let isOver = false;
  let isFirstExchange = true;

  function judge(excess: string | null): void {
    if (excess === null || isOver) return;
    stop();
    onExcess(excess);
  }

  const onData = (chunk: Buffer) => {
    judge(meter.countBytes(chunk.length));
    judge(meter.checkUnsent(stream.writableLength));
  };
  const onHandshake = () => {
    if (!isFirstExchange) judge(meter.countRekey());
    isFirstExchange = false;
  };
  stream.on('data', onData);
  client.on('handshake', onHandshake);
  onPacket(client, () => judge(meter.countPacket()));

  function stop(): void {
    isOver = true;
    stream.off('data', onData);
    client.off('handshake', onHandshake);
  }
  return { loggedIn: meter.loggedIn, stop };
}
