import { noGpuFacts, noGpuFigures, noGpuProcessFigures } from '../../../protocol/absent.ts';
import type { GpuSample } from '../../../protocol/sample.ts';
import type { GpuProcessReading } from '../provider.ts';
import type { GpuRow } from '../row-book.ts';
import { isTree, parseLooseJson, type Tree } from '../tools/loose-json.ts';
import {
  bytesOf,
  numberOf,
  pcieGenerationOf,
  positiveOf,
  printedPciAddress,
  printedWord,
} from '../tools/printed-figures.ts';

/**
 * Parser of `rocm-smi --json` (and of `--csv`, which has the same names as its header), and of Hygon's fork
 * `hy-smi`. The names differ by release in letter case and words, so they are looked up without case and by
 * what they mean; each name carries its unit.
 */
export interface RocmSmiAnswer {
  rows: GpuRow[];
  /** Null where the answer does not speak of processes. */
  processes: GpuProcessReading[] | null;
}

/** Null where the text is no answer. `vendor` is what the rows say. */
export function parseRocmSmi(text: string, vendor: string): RocmSmiAnswer | null {
  const answer = parseLooseJson(text) ?? parseCsv(text);
  if (!isTree(answer)) return null;
  const system = fieldsOf(answer.system);
  const rows = Object.entries(answer).flatMap(([name, card]) => {
    const index = /^card(\d+)$/i.exec(name)?.[1];
    if (index === undefined || !isTree(card)) return [];
    const fields = fieldsOf(card);
    const facts = factsOf(Number(index), fields, system, vendor);
    return [{ facts, sample: sampleOf(Number(index), fields, facts.memoryTotalBytes) }];
  });
  const processes = processesOf(system, rows);
  return rows.length === 0 && processes === null ? null : { rows, processes };
}

/** `card0` and its fields from a table whose header names them; warnings may stand before it. */
function parseCsv(text: string): Tree | null {
  const lines = text.split('\n').map((line) => line.trim());
  const start = lines.findIndex((line) => /^device,/i.test(line));
  const names = lines[start]?.split(',') ?? [];
  if (start < 0) return null;
  const cards: Tree = {};
  for (const line of lines.slice(start + 1)) {
    const cells = line.split(',');
    // A comma within a cell would move all that follow: such a line is no answer.
    if (cells.length === names.length && cells[0])
      cards[cells[0]] = Object.fromEntries(names.map((name, place) => [name, cells[place]]));
  }
  return cards;
}

/** Values by their names in lower case. */
type Fields = Map<string, unknown>;

function fieldsOf(tree: unknown): Fields {
  const entries = isTree(tree) ? Object.entries(tree) : [];
  return new Map(entries.map(([name, value]) => [name.toLowerCase().trim(), value]));
}

/** The value of the first name that fits one of the patterns, in their order. */
function find(fields: Fields, ...patterns: RegExp[]): unknown {
  for (const pattern of patterns) {
    for (const [name, value] of fields) if (pattern.test(name) && printedWord(value) !== null) return value;
  }
  return undefined;
}

/** A size whose unit stands in its name's brackets. */
function findBytes(fields: Fields, pattern: RegExp): number | null {
  for (const [name, value] of fields) {
    const unit = pattern.exec(name)?.[1];
    if (unit !== undefined) return bytesOf(value, unit);
  }
  return null;
}

function factsOf(index: number, fields: Fields, system: Fields, vendor: string): GpuRow['facts'] {
  return {
    ...noGpuFacts,
    index,
    vendor,
    uuid: printedWord(find(fields, /^unique id$/)) ?? serialOf(fields),
    name: nameOf(fields, vendor),
    pciAddress: printedPciAddress(find(fields, /^pci bus$/)),
    memoryTotalBytes: findBytes(fields, /^vram total memory \((\w+)\)$/),
    powerLimitWatts: positiveOf(find(fields, /^max graphics package power/)),
    driverVersion: printedWord(find(system, /^driver version$/)),
    vbiosVersion: printedWord(find(fields, /^vbios version$/)),
  };
}

/** A serial number of nothing but zeros is on many boards. */
function serialOf(fields: Fields): string | null {
  const serial = printedWord(find(fields, /^serial number$/));
  return serial === null || /^[0x]+$/i.test(serial) ? null : serial;
}

/** ROCm 5 calls the model "Card series", ROCm 6 also "Device Name"; each may hold a number in place of a name. */
function nameOf(fields: Fields, vendor: string): string | null {
  const names = [/^device name$/, /^card series$/, /^card model$/].map((name) =>
    printedWord(find(fields, name)),
  );
  const spoken = names.find((name) => name !== null && !/^0x[\da-f]+$/i.test(name));
  const number = printedWord(find(fields, /^device id$/, /^gpu id$/));
  return spoken ?? (number === null ? null : `${vendor} GPU ${number}`);
}

function sampleOf(index: number, fields: Fields, totalBytes: number | null): GpuSample {
  const used = findBytes(fields, /^vram total used memory \((\w+)\)$/);
  const sensor = (...places: string[]) =>
    positiveOf(find(fields, ...places.map((place) => new RegExp(`^temperature \\(sensor ${place}\\)`))));
  const link = printedWord(find(fields, /^pcie clock level:?$/)) ?? '';
  return {
    ...noGpuFigures,
    index,
    health: 'ok',
    error: null,
    utilizationPercent: positiveOf(find(fields, /^(?:gpu|dcu|hcu) use \(%\)$/)),
    memoryUtilizationPercent: memoryUtilizationOf(fields),
    memoryUsedBytes: used,
    memoryFreeBytes: used === null || totalBytes === null ? null : Math.max(0, totalBytes - used),
    temperatureCelsius: sensor('edge', 'junction', 'core'),
    memoryTemperatureCelsius: sensor('memory', 'mem', 'hbm 0'),
    powerWatts: positiveOf(
      find(fields, /^current socket graphics package power/, /^average graphics package power/),
    ),
    fanPercent: positiveOf(find(fields, /^fan speed \(%\)$/)),
    smClockMHz:
      numberOf(find(fields, /^sclk clock speed:?$/)) ?? clockInLevel(find(fields, /^sclk clock level:?$/)),
    memoryClockMHz:
      numberOf(find(fields, /^mclk clock speed:?$/)) ?? clockInLevel(find(fields, /^mclk clock level:?$/)),
    pcieGeneration: pcieGenerationOf(/([\d.]+)\s*GT\/s/i.exec(link)?.[1]),
    pcieWidth: numberOf(/x(\d+)/i.exec(link)?.[1]),
  };
}

/**
 * How busy the memory is. ROCm 6 calls it "Read/Write Activity" and has the share that is allocated beside
 * it; in ROCm 5 "GPU memory use (%)" is the memory's activity (`mem_busy_percent`).
 */
function memoryUtilizationOf(fields: Fields): number | null {
  return positiveOf(find(fields, /^gpu memory read\/write activity/, /^gpu memory use \(%\)$/));
}

/** `0 (300Mhz)` */
function clockInLevel(printed: unknown): number | null {
  return numberOf(/\((\d+)\s*mhz\)/i.exec(printedWord(printed) ?? '')?.[1]);
}

/**
 * `"PID4242": "python, 2, 12333932544, 0, 11"` in `--showpids`: name, number of GPUs, bytes of VRAM, of SDMA,
 * and CUs in use. On which GPUs a process is, is not told: rows only where the node has but one.
 */
function processesOf(system: Fields, rows: readonly GpuRow[]): GpuProcessReading[] | null {
  const [only, ...others] = rows;
  if (only === undefined || others.length > 0) return null;
  return Array.from(system).flatMap(([name, value]) => {
    const pid = Number(/^pid(\d+)$/.exec(name)?.[1] ?? Number.NaN);
    if (!Number.isSafeInteger(pid) || pid === 0 || typeof value !== 'string') return [];
    // The program's name may hold commas: the figures are the last four cells.
    const gpuMemoryBytes = bytesOf(value.split(',').at(-3), 'B');
    return [{ ...noGpuProcessFigures, pid, gpuIndex: only.facts.index, type: 'C', gpuMemoryBytes }];
  });
}
