import { noGpuFacts, noGpuFigures } from '../../../protocol/absent.ts';
import type { GpuRow } from '../row-book.ts';
import { type CsvRow, createCsvTable } from '../tools/csv-table.ts';
import {
  bytesOf,
  numberOf,
  positiveOf,
  printedPciAddress,
  printedWord,
  wattsOf,
} from '../tools/printed-figures.ts';

/** Queries that releases since 1.0 know. */
export const HL_BASIC_FIELDS = [
  'index',
  'name',
  'uuid',
  'bus_id',
  'driver_version',
  'temperature.aip',
  'utilization.aip',
  'memory.total',
  'memory.used',
  'memory.free',
  'power.draw',
];

/** Queries that later releases added. */
export const HL_FIELDS = [
  ...HL_BASIC_FIELDS,
  'ecc.errors.corrected.volatile.total',
  'ecc.errors.uncorrected.volatile.total',
  'ecc.errors.corrected.aggregate.total',
  'ecc.errors.uncorrected.aggregate.total',
  'ecc.mode.current',
];

export interface HlSmiParser {
  /** Null for what is no GPU. */
  read(line: string): GpuRow | null;
  /** Main figures that this release has no column for; null where there is none. */
  trouble(): string | null;
}

/** Reads the lines of `hl-smi --query-aip=… --format=csv`, by its header. */
export function createHlSmiParser(): HlSmiParser {
  const table = createCsvTable(/^ {0,8}(?=.*\bmemory\.total\b)[\w.]+ {0,8}(?:\[[^\]]*\])? {0,8},/i, {
    'the utilization of the GPU': /^utilization\.aip$/,
    'the memory in use': /^memory\.used$/,
  });
  const places = new Map<string, number>();
  return {
    trouble: table.trouble,
    read(line) {
      const row = table.read(line);
      const identity =
        row &&
        (printedWord(row.get('uuid')) ?? printedWord(row.get('bus_id')) ?? printedWord(row.get('serial')));
      if (row === null || (identity === null && positiveOf(row.get('index')) === null)) return null;
      // Without an index in the answer, the order in which the GPUs came first is one.
      const key = identity ?? '';
      if (!places.has(key) && places.size < 256) places.set(key, places.size);
      return rowOf(row, positiveOf(row.get('index')) ?? places.get(key) ?? 0);
    },
  };
}

function rowOf(row: CsvRow, index: number): GpuRow {
  const count = (name: string) => positiveOf(row.get(name));
  const name = printedWord(row.get('name'));
  const total = bytesOf(row.get('memory.total'), 'MiB');
  const used = bytesOf(row.get('memory.used'), 'MiB');
  const free = bytesOf(row.get('memory.free'), 'MiB');
  return {
    facts: {
      ...noGpuFacts,
      index,
      vendor: 'Habana',
      name: name === null ? null : `Gaudi ${name}`,
      uuid: printedWord(row.get('uuid')) ?? printedWord(row.get('serial')),
      pciAddress: printedPciAddress(row.get('bus_id')),
      memoryTotalBytes: total,
      eccEnabled: switchOf(row.get('ecc.mode.current')),
      eccVolatileCorrected: count('ecc.errors.corrected.volatile.total'),
      eccVolatileUncorrected: count('ecc.errors.uncorrected.volatile.total'),
      eccAggregateCorrected: count('ecc.errors.corrected.aggregate.total'),
      eccAggregateUncorrected: count('ecc.errors.uncorrected.aggregate.total'),
      driverVersion: printedWord(row.get('driver_version')),
    },
    sample: {
      ...noGpuFigures,
      index,
      health: 'ok',
      error: null,
      utilizationPercent: count('utilization.aip'),
      memoryUsedBytes: used,
      memoryFreeBytes: free ?? (total === null || used === null ? null : Math.max(0, total - used)),
      temperatureCelsius: numberOf(row.get('temperature.aip')),
      powerWatts: wattsOf(row.get('power.draw')),
    },
  };
}

function switchOf(printed: string | undefined): boolean | null {
  const word = printedWord(printed)?.toLowerCase();
  return word === undefined ? null : ['enabled', '1', 'true', 'on'].includes(word);
}
