// npm run compare:nvml: on a machine with NVIDIA GPUs, every figure that NVML gives through the helper beside what
// nvidia-smi says at the same moment. Prints a table per look; `--looks N`, `--load COMMAND` runs a program meanwhile.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { createNvmlProvider } from '../src/monitor/gpus/nvidia/nvml.ts';
import { createLeash } from '../src/monitor/leash.ts';
import { placeKit } from '../src/monitor/nvml/kit-file.ts';
import { createSystem } from '../src/monitor/system.ts';
import type { GpuFacts } from '../src/protocol/gpu-facts.ts';
import type { GpuSample } from '../src/protocol/sample.ts';

const options = await yargs(hideBin(process.argv))
  .option('looks', { type: 'number', default: 3 })
  .option('load', { type: 'string', describe: 'A shell command that keeps a GPU busy' })
  .strict()
  .parseAsync();

type Row = GpuFacts & GpuSample;
const MIB = 1024 * 1024;
const mebibytes = (bytes: number | null) => (bytes === null ? null : Math.round(bytes / MIB));
const onOff = (value: boolean | null) => (value === null ? null : value ? 'Enabled' : 'Disabled');
const yesNo = (value: boolean | null) => (value === null ? null : value ? 'Yes' : 'No');

/** nvidia-smi's query field, what NVML gives for it, and by how much two moments may differ. */
const fields: readonly [field: string, read: (gpu: Row) => string | number | null, tolerance?: number][] = [
  ['uuid', (gpu) => gpu.uuid],
  ['name', (gpu) => gpu.name],
  ['driver_version', (gpu) => gpu.driverVersion],
  ['vbios_version', (gpu) => gpu.vbiosVersion],
  ['memory.total', (gpu) => mebibytes(gpu.memoryTotalBytes), 1],
  ['memory.reserved', (gpu) => mebibytes(gpu.memoryReservedBytes), 1],
  ['memory.used', (gpu) => mebibytes(gpu.memoryUsedBytes), 64],
  ['memory.free', (gpu) => mebibytes(gpu.memoryFreeBytes), 64],
  ['utilization.gpu', (gpu) => gpu.utilizationPercent, 20],
  ['utilization.memory', (gpu) => gpu.memoryUtilizationPercent, 20],
  ['temperature.gpu', (gpu) => gpu.temperatureCelsius, 2],
  ['temperature.memory', (gpu) => gpu.memoryTemperatureCelsius, 2],
  ['power.draw', (gpu) => gpu.powerWatts, 60],
  ['enforced.power.limit', (gpu) => gpu.powerLimitWatts, 1],
  ['power.default_limit', (gpu) => gpu.powerLimitDefaultWatts, 1],
  ['power.max_limit', (gpu) => gpu.powerLimitMaxWatts, 1],
  ['fan.speed', (gpu) => gpu.fanPercent, 5],
  ['clocks.sm', (gpu) => gpu.smClockMHz, 200],
  ['clocks.mem', (gpu) => gpu.memoryClockMHz, 50],
  ['clocks.max.sm', (gpu) => gpu.smClockMaxMHz],
  ['clocks.max.mem', (gpu) => gpu.memoryClockMaxMHz],
  ['pstate', (gpu) => gpu.performanceState],
  ['pcie.link.gen.current', (gpu) => gpu.pcieGeneration],
  ['pcie.link.width.current', (gpu) => gpu.pcieWidth],
  ['pcie.link.gen.max', (gpu) => gpu.pcieGenerationMax],
  ['pcie.link.width.max', (gpu) => gpu.pcieWidthMax],
  ['ecc.mode.current', (gpu) => onOff(gpu.eccEnabled)],
  ['ecc.errors.corrected.volatile.total', (gpu) => gpu.eccVolatileCorrected],
  ['ecc.errors.uncorrected.volatile.total', (gpu) => gpu.eccVolatileUncorrected],
  ['ecc.errors.corrected.aggregate.total', (gpu) => gpu.eccAggregateCorrected],
  ['ecc.errors.uncorrected.aggregate.total', (gpu) => gpu.eccAggregateUncorrected],
  ['retired_pages.single_bit_ecc.count', (gpu) => gpu.retiredPagesSingleBit],
  ['retired_pages.double_bit.count', (gpu) => gpu.retiredPagesDoubleBit],
  ['retired_pages.pending', (gpu) => yesNo(gpu.retiredPagesPending)],
  ['compute_mode', (gpu) => gpu.computeMode],
  ['persistence_mode', (gpu) => onOff(gpu.persistenceEnabled)],
  ['mig.mode.current', (gpu) => onOff(gpu.migEnabled)],
];

function askNvidiaSmi(): Map<string, string[]> {
  const query = `--query-gpu=${fields.map(([field]) => field).join(',')}`;
  const text = execFileSync('nvidia-smi', [query, '--format=csv,noheader,nounits']).toString();
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()));
  return new Map(rows.map((row) => [row[0] ?? '', row]));
}

const isAbsent = (cell: string) => /^\[?(?:N\/A|Not Supported|Unknown Error)/.test(cell) || cell === '';

function agree(own: string | number | null, cell: string, tolerance: number): boolean {
  if (own === null || isAbsent(cell)) return own === null && isAbsent(cell);
  return typeof own === 'number' ? Math.abs(own - Number(cell)) <= tolerance : own === cell;
}

const system = createSystem();
const leash = createLeash(system);
const kit = placeKit(system, readFileSync(`dist/nvml-${process.arch}.kit`));
const provider = createNvmlProvider({
  system,
  leash,
  kit,
  onReading: () => undefined,
  onUnusable(reason) {
    console.error(`NVML cannot be used: ${reason}`);
    process.exit(1);
  },
});
const load = options.load
  ? spawn('/bin/sh', ['-c', options.load], { stdio: 'ignore', detached: true })
  : null;
provider.start(1_000);
let differences = 0;
for (let look = 1; look <= options.looks; look++) {
  // The helper's first words, and then so long that figures which move slowly are of now.
  await new Promise((resolve) => setTimeout(resolve, look === 1 ? 8_000 : 6_000));
  const said = askNvidiaSmi();
  const { facts, gpus, processes, error } = provider.read();
  console.log(
    `\nLook ${look}, ${new Date().toISOString()}, ${processes.length} processes${error ? `, ${error}` : ''}\n`,
  );
  console.log('| GPU | figure | NVML | nvidia-smi | |\n|---|---|---|---|---|');
  for (const gpu of gpus) {
    const row = { ...facts.find(({ index }) => index === gpu.index), ...gpu } as Row;
    const cells = said.get(row.uuid ?? '') ?? [];
    if (row.parentIndex !== null) continue;
    fields.forEach(([field, read, tolerance = 0], at) => {
      const own = read(row);
      const cell = cells[at] ?? '';
      const isSame = agree(own, cell, tolerance);
      if (!isSame) differences++;
      console.log(`| ${row.index} | ${field} | ${own ?? '–'} | ${cell} | ${isSame ? '' : 'differs'} |`);
    });
  }
}
console.log(`\n${differences} differences`);
provider.stop();
leash.release();
if (load?.pid) process.kill(-load.pid, 'SIGKILL');
process.exit(differences === 0 ? 0 : 1);
