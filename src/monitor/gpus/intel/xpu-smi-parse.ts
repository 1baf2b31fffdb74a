import { noGpuFacts, noGpuFigures } from '../../../protocol/absent.ts';
import type { GpuFacts } from '../../../protocol/gpu-facts.ts';
import type { GpuSample } from '../../../protocol/sample.ts';
import { cellOf, createCsvTable } from '../tools/csv-table.ts';
import { at, isTree, parseLooseJson } from '../tools/loose-json.ts';
import { bytesOf, numberOf, positiveOf, printedPciAddress, printedWord } from '../tools/printed-figures.ts';

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
  const word = (name: string) => printedWord(at(device, name));
  const ecc = word('memory_ecc_state');
  return {
    ...noGpuFacts,
    index,
    vendor: 'Intel',
    name: word('device_name'),
    uuid: word('uuid') ?? word('soc_uuid'),
    pciAddress: printedPciAddress(at(device, 'pci_bdf_address')),
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
 * How releases call the columns: up to 1.2 after the metric, in 1.3 with all its words, from 2.0 on after the manner of
 * `nvidia-smi`.
 */
const columns = {
  utilization: /^gpu utilization$|^utilization\.gpu$|utilization of all (?:gpu )?engines/,
  memoryBandwidth: /memory[ .]bandwidth[ .]utilization/,
  encoder: /media encoder engine utilization|^utilization\.media$/,
  decoder: /media decoder engine utilization|^utilization\.media$/,
  memoryUsed: /^(?:gpu )?memory[ .]used$/,
  temperature: /^gpu (?:core )?temperature$|^temperature\.gpu$/,
  memoryTemperature: /^(?:gpu )?memory temperature$|^temperature\.memory$/,
  power: /^gpu power$|^power\.draw$/,
  energy: /^(?:gpu )?energy[ .]consumed$/,
  clock: /^gpu frequency$|^clocks\.current\.graphics$/,
  pcieRead: /^pcie read$|^pcie\.rx\.throughput/,
  pcieWrite: /^pcie write$|^pcie\.tx\.throughput/,
};

export interface XpuDumpParser {
  /** Null for what is no device; a line of a tile is none. */
  read(line: string): GpuSample | null;
  /** Main figures that this release has no column for; null where there is none. */
  trouble(): string | null;
}

/** Reads the lines of `xpu-smi dump`, by its header. */
export function createXpuDumpParser(): XpuDumpParser {
  const table = createCsvTable(/^\s*Timestamp\s*,\s*Device\s?Id\b/i, {
    'the utilization of the GPU': columns.utilization,
    'the memory in use': columns.memoryUsed,
  });
  return {
    trouble: table.trouble,
    read(line) {
      const row = table.read(line);
      const index = row && positiveOf(cellOf(row, /^device ?id$/));
      if (row === null || index === null || !Number.isInteger(index)) return null;
      if (printedWord(row.get('tileid')) !== null) return null;
      const cell = (column: keyof typeof columns) => cellOf(row, columns[column]);
      const figure = (column: keyof typeof columns) => positiveOf(cell(column));
      const kilobytes = (column: keyof typeof columns) => {
        const value = figure(column);
        return value === null ? null : value * 1000;
      };
      return {
        ...noGpuFigures,
        index,
        health: 'ok',
        error: null,
        utilizationPercent: figure('utilization'),
        memoryUtilizationPercent: figure('memoryBandwidth'),
        encoderPercent: averageOf(cell('encoder')),
        decoderPercent: averageOf(cell('decoder')),
        memoryUsedBytes: bytesOf(cell('memoryUsed'), 'MiB'),
        temperatureCelsius: numberOf(cell('temperature')),
        memoryTemperatureCelsius: numberOf(cell('memoryTemperature')),
        powerWatts: figure('power'),
        energyJoules: figure('energy'),
        smClockMHz: figure('clock'),
        // The GPU reads from the host's memory: the tool takes the link's inbound reads, later its `rxCounter`.
        pcieReceiveBytesPerSecond: kilobytes('pcieRead'),
        pcieTransmitBytesPerSecond: kilobytes('pcieWrite'),
      };
    },
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
