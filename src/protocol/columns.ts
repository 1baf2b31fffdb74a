/**
 * Rows travel as columns, so that each name is said once: a sample is half as large and costs the head
 * half as much. A column whose values are all absent is left out. No zod: the monitor uses this too.
 */

/** What a table of `Row`s is on the wire. */
export type Columns<Row> = { [Name in keyof Row]: Row[Name][] };

/** Turns rows into columns. `names` are all columns of the table; the first is never left out. */
export function toColumns<Row extends object>(
  rows: readonly Row[],
  names: readonly (keyof Row & string)[],
): Columns<Row> {
  const columns: Partial<Columns<Row>> = {};
  names.forEach((name, at) => {
    const values = rows.map((row) => row[name] ?? null) as Row[typeof name][];
    const isAbsent = rows.length > 0 && values.every((value) => value === null);
    if (at === 0 || !isAbsent) columns[name] = values;
  });
  return columns as Columns<Row>;
}

/** The columns of each table; the first one names the rows. */
export const gpuColumnNames = [
  'index',
  'health',
  'error',
  'utilizationPercent',
  'memoryUtilizationPercent',
  'encoderPercent',
  'decoderPercent',
  'memoryUsedBytes',
  'memoryFreeBytes',
  'bar1UsedBytes',
  'temperatureCelsius',
  'memoryTemperatureCelsius',
  'powerWatts',
  'energyJoules',
  'fanPercent',
  'smClockMHz',
  'memoryClockMHz',
  'performanceState',
  'throttleReasons',
  'pcieGeneration',
  'pcieWidth',
  'pcieReceiveBytesPerSecond',
  'pcieTransmitBytesPerSecond',
  'nvlinkReceiveBytesPerSecond',
  'nvlinkTransmitBytesPerSecond',
] as const;

export const topProcessColumnNames = ['pid', 'state', 'cpuPercent', 'residentBytes'] as const;

export const gpuProcessColumnNames = [
  ...topProcessColumnNames,
  'gpuIndex',
  'type',
  'gpuMemoryBytes',
  'gpuUtilizationPercent',
  'gpuMemoryUtilizationPercent',
  'gpuEncoderPercent',
  'gpuDecoderPercent',
  'treeCpuPercent',
  'treeResidentBytes',
] as const;

export const jobColumnNames = ['key', 'processCount', 'cpuPercent', 'residentBytes'] as const;
