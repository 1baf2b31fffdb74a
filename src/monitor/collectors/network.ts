import { MAX_DEVICES } from '../../protocol/constants.ts';
import type { NetworkSample } from '../../protocol/sample.ts';
import type { System } from '../system.ts';
import { busiestRows, type NotedRows } from './busiest-rows.ts';
import { ratePerSecond } from './rates.ts';

/** Bytes through one interface since it came up. */
export interface NetworkCounters {
  receivedBytes: number;
  transmittedBytes: number;
}

/** Parses `/proc/net/dev`; a long counter may touch the colon behind the name. */
export function parseNetworkCounters(text: string): Map<string, NetworkCounters> {
  const found = new Map<string, NetworkCounters>();
  for (const line of text.split('\n').slice(2)) {
    const colon = line.lastIndexOf(':');
    if (colon < 0) continue;
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    found.set(line.slice(0, colon).trim(), {
      receivedBytes: fields[0] ?? 0,
      transmittedBytes: fields[8] ?? 0,
    });
  }
  return found;
}

/** Interfaces with hardware behind them; where there are none (a container), all but loopback. */
function chooseInterfaces(system: System, names: readonly string[]): Set<string> {
  const outside = names.filter((name) => name !== 'lo');
  const hardware = outside.filter((name) => system.exists(`/sys/class/net/${name}/device`));
  return new Set(hardware.length > 0 ? hardware : outside.filter((name) => !/^ifb\d/.test(name)));
}

const loadOf = ({ receiveBytesPerSecond, transmitBytesPerSecond }: NetworkSample) =>
  (receiveBytesPerSecond ?? 0) + (transmitBytesPerSecond ?? 0);

/**
 * Reads /proc/net/dev: rates in bytes per second since the reading before, null at the first. Throws where it cannot
 * be read.
 */
export function createNetworkCollector(system: System): () => NotedRows<NetworkSample> {
  const read = system.textReader('/proc/net/dev');
  let chosen = new Set<string>();
  let chosenFrom = '';
  let before = new Map<string, NetworkCounters>();
  let beforeMs = 0;
  return () => {
    const after = parseNetworkCounters(read());
    const nowMs = system.monotonicMs();
    const elapsedMs = nowMs - beforeMs;
    const names = [...after.keys()].join(' ');
    if (names !== chosenFrom) chosen = chooseInterfaces(system, [...after.keys()]);
    chosenFrom = names;
    const rows = Array.from(after)
      .filter(([name]) => chosen.has(name))
      .map(([name, counters]) => ({
        name,
        receiveBytesPerSecond: ratePerSecond(
          before.get(name)?.receivedBytes,
          counters.receivedBytes,
          elapsedMs,
        ),
        transmitBytesPerSecond: ratePerSecond(
          before.get(name)?.transmittedBytes,
          counters.transmittedBytes,
          elapsedMs,
        ),
      }));
    before = after;
    beforeMs = nowMs;
    return busiestRows(rows, MAX_DEVICES, 'interfaces', loadOf);
  };
}
