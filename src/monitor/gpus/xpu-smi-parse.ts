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
    uuid: word('uuid') ?? word('soc_uuid'),
    pciAddress: pciAddressOf(at(device, 'pci_bdf_address')),
    memoryTotalBytes: bytesOf(at(device, 'memory_physical_size_byte'), 'B'),
    smClockMaxMHz: numberOf(at(device, 'core_clock_rate_mhz') ?? at(device, 'core_clock_rate')),
    pcieGenerationMax: positiveOf(at(device, 'pcie_generation')),
    pcieWidthMax: positiveOf(at(device, 'pcie_max_link_width')),
    eccEnabled: ecc === null ? null : ecc === 'enabled',
    driverVersion: word('driver_version'),
    vbiosVersion: word('gfx_firmware_version'),
  };
}

/** Numbers of the metrics that `xpu-smi dump -m` is asked for; the header says which columns came. */
const XPU_METRICS = [0, 1, 2, 3, 4, 5, 8, 17, 18, 19, 20, 24, 25];

/** Those that every release knows. */
const XPU_BASIC_METRICS = [0, 1, 2, 3, 4, 5, 18];

/**
 * Ways of asking for a dump without end, of which each release knows one: up to 1.3 it refuses all metrics where one
 * is not known to it; from 2.0 on there are no short options, and all devices are meant where none is named (2.0 fails
 * on `-1`).
 */
export const XPU_DUMP_WAYS: readonly ((seconds: string) => readonly string[])[] = [
  (seconds) => ['dump', '-d', '-1', '-m', XPU_METRICS.join(','), '-i', seconds],
  (seconds) => ['dump', '-d', '-1', '-m', XPU_BASIC_METRICS.join(','), '-i', seconds],
  (seconds) => ['dump', '--metrics', XPU_METRICS.join(','), '--interval', seconds],
];

/**
 * Reads the lines of `xpu-smi dump`, by its header; null for what is no device. A line of a tile is none. From 2.0 on
 * the columns have names after the manner of `nvidia-smi`.
 */
export function createXpuDumpParser(): (line: string) => GpuSample | null {
  const table = createCsvTable(/^\s*Timestamp\s*,\s*Device\s?Id\b/i);
  return (line) => {
    const row = table(line);
    const index = row && positiveOf(row.get('deviceid') ?? row.get('device id'));
    if (row === null || index === null || index === undefined || !Number.isInteger(index)) return null;
    if (row.has('tileid') && wordOf(row.get('tileid')) !== null) return null;
    const cell = (name: string, laterName: string) => row.get(name) ?? row.get(laterName);
    const figure = (name: string, laterName: string) => positiveOf(cell(name, laterName));
    const kilobytes = (name: string, laterName: string) => {
      const value = figure(name, laterName);
      return value === null ? null : value * 1000;
    };
    return {
      ...noGpuFigures,
      index,
      health: 'ok',
      error: null,
      utilizationPercent: figure('gpu utilization', 'utilization.gpu'),
      memoryUtilizationPercent: figure('gpu memory bandwidth utilization', 'memory.bandwidth.utilization'),
      encoderPercent: averageOf(cell('media encoder engine utilizations', 'utilization.media')),
      decoderPercent: averageOf(cell('media decoder engine utilizations', 'utilization.media')),
      memoryUsedBytes: bytesOf(cell('gpu memory used', 'memory.used'), 'MiB'),
      temperatureCelsius: numberOf(cell('gpu core temperature', 'temperature.gpu')),
      memoryTemperatureCelsius: numberOf(cell('gpu memory temperature', 'temperature.memory')),
      powerWatts: figure('gpu power', 'power.draw'),
      energyJoules: figure('gpu energy consumed', 'energy.consumed'),
      smClockMHz: figure('gpu frequency', 'clocks.current.graphics'),
      // The GPU reads from the host's memory: the tool takes the link's inbound reads, later its `rxCounter`.
      pcieReceiveBytesPerSecond: kilobytes('pcie read', 'pcie.rx.throughput.kbs'),
      pcieTransmitBytesPerSecond: kilobytes('pcie write', 'pcie.tx.throughput.kbs'),
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
