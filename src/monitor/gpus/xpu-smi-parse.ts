import { noGpuFacts, noGpuFigures } from '../../protocol/absent.ts';
import type { GpuFacts } from '../../protocol/gpu-facts.ts';
import type { GpuSample } from '../../protocol/sample.ts';
import { createCsvTable } from './csv-table.ts';
import { at, isTree, parseLooseJson } from './loose-json.ts';
import { bytesOf, numberOf, pciAddressOf, positiveOf, wordOf } from './printed-figures.ts';

/**
 * Parses `xpu-smi discovery -j` (a list of devices) and `discovery -d N -j` (one with more about it) into
 * facts by device id; null where the text is neither.
 */
export function parseXpuDiscovery(text: string): Map<number, GpuFacts> | null {
  const answer = parseLooseJson(text);
  const list = at(answer, 'device_list');
  const devices = Array.isArray(list) ? list : isTree(answer) && 'device_id' in answer ? [answer] : null;
  if (devices === null) return null;
  const found = new Map<number, GpuFacts>();
  for (const device of devices) {
    const index = positiveOf(at(device, 'device_id'));
    if (index !== null) found.set(index, factsOf(index, device));
  }
  return found;
}

function factsOf(index: number, device: unknown): GpuFacts {
  const word = (name: string) => wordOf(at(device, name));
  const ecc = word('memory_ecc_state');
  return {
    ...noGpuFacts,
    index,
    vendor: 'Intel',
    name: word('device_name'),
    uuid: word('uuid'),
    pciAddress: pciAddressOf(at(device, 'pci_bdf_address')),
    memoryTotalBytes: bytesOf(at(device, 'memory_physical_size_byte'), 'B'),
    smClockMaxMHz: numberOf(at(device, 'core_clock_rate_mhz')),
    pcieGenerationMax: positiveOf(at(device, 'pcie_generation')),
    pcieWidthMax: positiveOf(at(device, 'pcie_max_link_width')),
    eccEnabled: ecc === null ? null : ecc === 'enabled',
    driverVersion: word('driver_version'),
    vbiosVersion: word('gfx_firmware_version'),
  };
}

/** Numbers of the metrics that `xpu-smi dump -m` is asked for; the header says which columns came. */
export const XPU_METRICS = [0, 1, 2, 3, 4, 5, 8, 17, 18, 19, 20, 24, 25];

/** Those that every release knows. */
export const XPU_BASIC_METRICS = [0, 1, 2, 3, 4, 5, 18];

/** Reads the lines of `xpu-smi dump`, by its header; null for what is no device. A line of a tile is none. */
export function createXpuDumpParser(): (line: string) => GpuSample | null {
  const table = createCsvTable(/^\s*Timestamp\s*,\s*Device\s?Id\b/i);
  return (line) => {
    const row = table(line);
    const index = row && positiveOf(row.get('deviceid') ?? row.get('device id'));
    if (row === null || index === null || index === undefined || !Number.isInteger(index)) return null;
    if (row.has('tileid') && wordOf(row.get('tileid')) !== null) return null;
    const figure = (name: string) => positiveOf(row.get(name));
    const kilobytes = (name: string) => {
      const value = figure(name);
      return value === null ? null : value * 1000;
    };
    return {
      ...noGpuFigures,
      index,
      health: 'ok',
      error: null,
      utilizationPercent: figure('gpu utilization'),
      memoryUtilizationPercent: figure('gpu memory bandwidth utilization'),
      encoderPercent: averageOf(row.get('media encoder engine utilizations')),
      decoderPercent: averageOf(row.get('media decoder engine utilizations')),
      memoryUsedBytes: bytesOf(row.get('gpu memory used'), 'MiB'),
      temperatureCelsius: numberOf(row.get('gpu core temperature')),
      memoryTemperatureCelsius: numberOf(row.get('gpu memory temperature')),
      powerWatts: figure('gpu power'),
      energyJoules: figure('gpu energy consumed'),
      smClockMHz: figure('gpu frequency'),
      // The GPU reads from the host's memory: the tool takes the link's inbound reads, later its `rxCounter`.
      pcieReceiveBytesPerSecond: kilobytes('pcie read'),
      pcieTransmitBytesPerSecond: kilobytes('pcie write'),
    };
  };
}

/** One figure for each engine: "0.00; 12.50", or `Engine 0: 0, Engine 1: 3`. */
function averageOf(printed: string | undefined): number | null {
  const figures = (printed ?? '')
    .split(/[;,]/)
    .map((part) => positiveOf(part.replace(/^.*:/, '')))
    .filter((value) => value !== null);
  return figures.length === 0 ? null : figures.reduce((sum, value) => sum + value, 0) / figures.length;
}

/** Discovery and dump as one: what the memory's size and use give together. */
export function xpuSample(facts: GpuFacts, sample: GpuSample): GpuSample {
  const total = facts.memoryTotalBytes;
  const used = sample.memoryUsedBytes;
  return { ...sample, memoryFreeBytes: total === null || used === null ? null : Math.max(0, total - used) };
}
