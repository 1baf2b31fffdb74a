import { readFieldValues } from './field-values.ts';
import type { Handle, Nvml } from './library.ts';

/** What goes over a GPU's PCIe link, in bytes per second. */
export interface PcieTraffic {
  /** Reads the counters for the first time. */
  begin(device: Handle): void;
  /** What went since `begin`; called without it, what it said last. */
  read(device: Handle): PcieFigures;
}

export interface PcieFigures {
  pcieReceiveBytesPerSecond: number | null;
  pcieTransmitBytesPerSecond: number | null;
}

/**
 * The counters have 32 bits, and a link of generation 5 fills them fifteen times a second: two readings tell the
 * truth only if they are a moment apart. NVML's own function for this waits 20 ms for each GPU and direction.
 */
export const PCIE_WINDOW_MS = 20;
const COUNTER_END = 2 ** 32;
/** Later nobody knows how often a counter of 16 lanes of generation 6 has started anew. */
const LONGEST_WINDOW_MS = (COUNTER_END / 128e9) * 1000;

const names = ['pcieReceiveBytes', 'pcieTransmitBytes'] as const;

/** One for each device. `begin`, some 20 ms, then `read`. */
export function createPcieTraffic(nvml: Nvml, monotonicMs: () => number): PcieTraffic {
  let begun: { values: ReturnType<typeof readCounters>; atMs: number } | null = null;
  let told: PcieFigures = { pcieReceiveBytesPerSecond: null, pcieTransmitBytesPerSecond: null };

  const readCounters = (device: Handle) => readFieldValues(nvml, device, names);

  return {
    begin(device) {
      begun = { values: readCounters(device), atMs: monotonicMs() };
    },
    read(device) {
      if (begun === null) return told;
      const { values: before, atMs } = begun;
      begun = null;
      const now = readCounters(device);
      if (now.pcieReceiveBytes === null && now.pcieTransmitBytes === null) {
        told = measuredByDriver(nvml, device);
        return told;
      }
      const ms = monotonicMs() - atMs;
      told = {
        pcieReceiveBytesPerSecond: rateOf(before.pcieReceiveBytes, now.pcieReceiveBytes, ms),
        pcieTransmitBytesPerSecond: rateOf(before.pcieTransmitBytes, now.pcieTransmitBytes, ms),
      };
      return told;
    },
  };
}

/** nvml.h: directions. */
const TRANSMIT = 0;
const RECEIVE = 1;

/** Drivers before 535 have no counters; this takes 20 ms for each direction. */
function measuredByDriver(nvml: Nvml, device: Handle): PcieFigures {
  const kilobytes = (direction: number) => nvml.number('nvmlDeviceGetPcieThroughput', device, direction);
  const bytes = (value: number | null) => (value === null ? null : value * 1000);
  return {
    pcieReceiveBytesPerSecond: bytes(kilobytes(RECEIVE)),
    pcieTransmitBytesPerSecond: bytes(kilobytes(TRANSMIT)),
  };
}

function rateOf(before: number | null, now: number | null, ms: number): number | null {
  if (before === null || now === null || ms <= 0 || ms > LONGEST_WINDOW_MS) return null;
  // A driver that counts further than 32 bits goes backwards only where it was reloaded.
  const grown = now < before && before < COUNTER_END ? now + COUNTER_END - before : now - before;
  return grown < 0 ? null : Math.round((grown * 1000) / ms);
}
