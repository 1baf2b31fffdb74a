import { noGpuFacts, noGpuFigures, noGpuProcessFigures } from '../../../protocol/absent.ts';
import type { GpuFacts } from '../../../protocol/gpu-facts.ts';
import type { GpuSample } from '../../../protocol/sample.ts';
import type { GpuProcessReading } from '../provider.ts';
import type { GpuRow } from '../row-book.ts';
import { at, isTree, parseLooseJson, type Tree } from '../tools/loose-json.ts';
import {
  bytesOf,
  numberOf,
  pcieGenerationOf,
  positiveOf,
  printedPciAddress,
  printedWord,
} from '../tools/printed-figures.ts';

/**
 * Parsers of `amd-smi static|metric|process --json`. Up to ROCm 6.4 the answer is a list of GPUs, later an
 * object with that list as `gpu_data`; figures are numbers, texts or `{ value, unit }`, by release.
 */

/** The GPUs of an answer, by the tool's index; null where the text is no such answer. */
function gpusOf(text: string): Map<number, Tree> | null {
  const answer = parseLooseJson(text);
  const list = Array.isArray(answer) ? answer : at(answer, 'gpu_data');
  if (!Array.isArray(list)) return null;
  const found = new Map<number, Tree>();
  for (const gpu of list) {
    const index = positiveOf(at(gpu, 'gpu'));
    if (isTree(gpu) && index !== null) found.set(index, gpu);
  }
  return found.size === 0 ? null : found;
}

/** First of several spellings that gives a figure. */
function firstOf<T>(values: readonly (T | null)[]): T | null {
  return values.find((value) => value !== null) ?? null;
}

/** The average of a list of figures, without those that the GPU does not have. */
function averageOf(list: unknown): number | null {
  if (!Array.isArray(list)) return positiveOf(list);
  const figures = list.map(positiveOf).filter((value) => value !== null);
  return figures.length === 0 ? null : figures.reduce((sum, value) => sum + value, 0) / figures.length;
}

const zeroIsAbsent = (value: number | null) => (value === 0 ? null : value);

/** What `static` says: the name, the limits, the link's and the board's properties. */
export function parseAmdStatic(text: string): Map<number, GpuFacts> | null {
  const gpus = gpusOf(text);
  return gpus && new Map(Array.from(gpus, ([index, gpu]) => [index, factsOf(index, gpu)]));
}

function factsOf(index: number, gpu: Tree): GpuFacts {
  const limit = at(gpu, 'limit');
  // From ROCm 7 on the limits of the package stand one level deeper.
  const power = (name: string) => positiveOf(at(limit, name) ?? at(limit, 'ppt0', name));
  const celsius = (kind: string) =>
    firstOf(['hotspot', 'edge'].map((place) => positiveOf(at(limit, `${kind}_${place}_temperature`))));
  return {
    ...noGpuFacts,
    index,
    vendor: 'AMD',
    uuid: printedWord(at(gpu, 'uuid')) ?? printedWord(at(gpu, 'asic', 'asic_serial')),
    name: printedWord(at(gpu, 'asic', 'market_name')) ?? printedWord(at(gpu, 'board', 'product_name')),
    pciAddress: printedPciAddress(at(gpu, 'bus', 'bdf') ?? at(gpu, 'bdf')),
    memoryTotalBytes: bytesOf(at(gpu, 'vram', 'size'), 'MB'),
    powerLimitWatts: power('socket_power') ?? power('socket_power_limit') ?? power('max_power'),
    powerLimitMaxWatts: power('max_power') ?? power('max_power_limit'),
    slowdownCelsius: celsius('slowdown'),
    shutdownCelsius: celsius('shutdown'),
    memoryLimitCelsius: positiveOf(at(limit, 'slowdown_vram_temperature')),
    memoryClockMaxMHz: topLevelMHz(at(gpu, 'clock', 'mem', 'frequency_levels')),
    smClockMaxMHz: topLevelMHz(at(gpu, 'clock', 'sys', 'frequency_levels')),
    pcieGenerationMax: pcieGenerationOf(at(gpu, 'bus', 'max_pcie_speed')),
    pcieWidthMax: zeroIsAbsent(positiveOf(at(gpu, 'bus', 'max_pcie_width'))),
    eccEnabled: isEccEnabled(at(gpu, 'ras', 'ecc_block_state')),
    driverVersion: driverVersionOf(printedWord(at(gpu, 'driver', 'version'))),
    vbiosVersion: printedWord(at(gpu, 'vbios', 'version') ?? at(gpu, 'ifwi', 'version')),
  };
}

/** Of the kernel's own driver the tool prints all of `/proc/version`, without blanks. */
function driverVersionOf(printed: string | null): string | null {
  return printed?.replace(/^Linux ?version ?|\(.*$/g, '').slice(0, 100) || null;
}

function topLevelMHz(levels: unknown): number | null {
  if (!isTree(levels)) return null;
  const clocks = Object.values(levels)
    .map(numberOf)
    .filter((value) => value !== null);
  return clocks.length === 0 ? null : Math.max(...clocks);
}

/** Of the blocks that can have ECC, the memory controller is the one that guards the memory. */
function isEccEnabled(blocks: unknown): boolean | null {
  const umc = printedWord(at(blocks, 'UMC'));
  return umc === null ? null : umc === 'ENABLED';
}

/** What `metric` says of one GPU, together with the ECC counters that go with the facts. */
export interface AmdMetric {
  sample: GpuSample;
  facts: Partial<GpuFacts>;
  /** Utilization of each partition of a GPU, as its first one tells it for all of them. */
  partitionPercents: (number | null)[];
}

/** What `metric` says, by the tool's index; null where the text is no such answer. */
export function parseAmdMetric(text: string): Map<number, AmdMetric> | null {
  const gpus = gpusOf(text);
  return gpus && new Map(Array.from(gpus, ([index, gpu]) => [index, metricOf(index, gpu)]));
}

function metricOf(index: number, gpu: Tree): AmdMetric {
  const usage = at(gpu, 'usage');
  const temperature = at(gpu, 'temperature');
  const memory = at(gpu, 'mem_usage');
  const fan = at(gpu, 'fan');
  const pcie = at(gpu, 'pcie');
  const memoryBytes = (name: string) => bytesOf(at(memory, name), 'MB');
  const totalBytes = memoryBytes('total_vram');
  // An MI300A says 0: it works in the host's memory.
  const hasMemory = totalBytes !== 0;
  const sample: GpuSample = {
    ...noGpuFigures,
    index,
    health: 'ok',
    error: null,
    utilizationPercent: positiveOf(at(usage, 'gfx_activity')),
    memoryUtilizationPercent: positiveOf(at(usage, 'umc_activity')),
    ...videoFigures(usage),
    memoryUsedBytes: hasMemory ? memoryBytes('used_vram') : null,
    memoryFreeBytes: hasMemory ? memoryBytes('free_vram') : null,
    // The hot spot is what throttles, but the edge is what every other AMD tool calls the GPU's temperature.
    temperatureCelsius: positiveOf(at(temperature, 'edge')) ?? positiveOf(at(temperature, 'hotspot')),
    memoryTemperatureCelsius: positiveOf(at(temperature, 'mem') ?? at(temperature, 'vram')),
    powerWatts: firstOf(
      ['socket_power', 'current_socket_power', 'average_socket_power'].map((name) =>
        positiveOf(at(gpu, 'power', name)),
      ),
    ),
    energyJoules: zeroIsAbsent(positiveOf(at(gpu, 'energy', 'total_energy_consumption'))),
    fanPercent: fanPercentOf(fan),
    smClockMHz: clockOf(gpu, ['gfx', 'gfx_0', 'sys'], 'clk'),
    memoryClockMHz: clockOf(gpu, ['mem', 'mem_0'], 'clk'),
    performanceState: null,
    throttleReasons: throttleOf(at(gpu, 'power', 'throttle_status')),
    pcieGeneration: pcieGenerationOf(at(pcie, 'speed')),
    pcieWidth: zeroIsAbsent(positiveOf(at(pcie, 'width'))),
  };
  return { sample, facts: changingFacts(gpu, totalBytes), partitionPercents: partitionPercents(usage) };
}

/** `xcp_N` is the N-th partition, with one figure for each of its engines (ROCm 6.3 and later). */
function partitionPercents(usage: unknown): (number | null)[] {
  const lists = at(usage, 'gfx_busy_inst');
  const count = isTree(lists) ? Object.keys(lists).length : 0;
  return Array.from({ length: count }, (_, partition) => averageOf(at(lists, `xcp_${partition}`)));
}

/** The VCN engines encode and decode: one figure for both. */
function videoFigures(usage: unknown): Pick<GpuSample, 'encoderPercent' | 'decoderPercent'> {
  const busy = firstOf(['vcn_activity', 'mm_activity'].map((name) => averageOf(at(usage, name))));
  return { encoderPercent: busy, decoderPercent: busy };
}

function clockOf(gpu: Tree, names: readonly string[], part: string): number | null {
  return firstOf(
    names.map((name) =>
      positiveOf(at(gpu, 'clock', name, part) ?? at(gpu, 'clock', name, `current_${part}`)),
    ),
  );
}

function fanPercentOf(fan: unknown): number | null {
  const printed = positiveOf(at(fan, 'usage'));
  if (printed !== null) return printed;
  const speed = positiveOf(at(fan, 'speed'));
  const max = positiveOf(at(fan, 'max'));
  return speed === null || !max ? null : (100 * speed) / max;
}

/** `UNTHROTTLED`, or that it is throttled; the reasons are not told here. */
function throttleOf(printed: unknown): string | null {
  const word = printedWord(printed);
  return word === null ? null : word === 'UNTHROTTLED' ? '' : word.toLowerCase();
}

function changingFacts(gpu: Tree, totalBytes: number | null): Partial<GpuFacts> {
  const ecc = at(gpu, 'ecc');
  const found: Partial<GpuFacts> = {
    memoryTotalBytes: zeroIsAbsent(totalBytes),
    smClockMaxMHz: zeroIsAbsent(clockOf(gpu, ['gfx', 'gfx_0'], 'max_clk')),
    memoryClockMaxMHz: zeroIsAbsent(clockOf(gpu, ['mem', 'mem_0'], 'max_clk')),
    eccVolatileCorrected: positiveOf(at(ecc, 'total_correctable_count') ?? at(ecc, 'total_correctable')),
    eccVolatileUncorrected: positiveOf(
      at(ecc, 'total_uncorrectable_count') ?? at(ecc, 'total_uncorrectable'),
    ),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== null));
}

/** Processes of `process --json`; null where the text is no such answer. */
export function parseAmdProcesses(text: string): GpuProcessReading[] | null {
  const gpus = gpusOf(text);
  if (gpus === null) return null;
  const rows = Array.from(gpus, ([gpuIndex, gpu]) => {
    const list = at(gpu, 'process_list') ?? at(gpu, 'processes') ?? at(gpu, 'process_info');
    // Without a process the tool prints a sentence in place of one.
    return (Array.isArray(list) ? list : [list]).flatMap((entry) => processOf(gpuIndex, entry));
  }).flat();
  return gpus.size === 1 ? rows : withoutSaidOfAll(rows, gpus.size);
}

/** Some releases list every process under every GPU, with the memory of all: that tells nothing of its GPU. */
function withoutSaidOfAll(rows: readonly GpuProcessReading[], gpuCount: number): GpuProcessReading[] {
  const counts = new Map<string, number>();
  const keyOf = ({ pid, gpuMemoryBytes }: GpuProcessReading) => `${pid} ${gpuMemoryBytes}`;
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return rows.filter((row) => counts.get(keyOf(row)) !== gpuCount);
}

function processOf(gpuIndex: number, entry: unknown): GpuProcessReading[] {
  const told = at(entry, 'process_info') ?? entry;
  const pid = positiveOf(at(told, 'pid'));
  if (pid === null || !Number.isSafeInteger(pid) || pid === 0) return [];
  const memory =
    at(told, 'memory_usage', 'vram_mem') ?? at(told, 'vram_mem') ?? at(told, 'mem_usage', 'vram_mem');
  return [{ ...noGpuProcessFigures, pid, gpuIndex, type: 'C', gpuMemoryBytes: bytesOf(memory, 'B') }];
}

/** Static facts and metrics as rows; a GPU without metrics keeps its place. */
export function amdRows(
  facts: ReadonlyMap<number, GpuFacts>,
  metrics: ReadonlyMap<number, AmdMetric>,
): GpuRow[] {
  const partitions = partitionsByCard(facts);
  return Array.from(metrics.values(), ({ sample, facts: more }) => {
    const { index } = sample;
    const base = facts.get(index) ?? { ...noGpuFacts, index, vendor: 'AMD' };
    const ofCard = partitions.get(cardOf(base)) ?? [];
    const first = ofCard.length > 1 ? metrics.get(ofCard[0] ?? -1) : undefined;
    const partition = partitionOf(base) || ofCard.indexOf(index);
    // Before a figure of its own, which may be the whole GPU's.
    const utilizationPercent = first?.partitionPercents[partition] ?? sample.utilizationPercent;
    return { facts: { ...base, ...more }, sample: { ...sample, utilizationPercent } };
  });
}

/** The tool prints a partition's number in place of the function, or the same address for all of them. */
const cardOf = ({ pciAddress }: GpuFacts) => pciAddress?.replace(/\.\d$/, '') ?? null;
const partitionOf = ({ pciAddress }: GpuFacts) => Number(/\.([1-9])$/.exec(pciAddress ?? '')?.[1] ?? 0);

/** Indexes of the rows of each card, in their order. */
function partitionsByCard(facts: ReadonlyMap<number, GpuFacts>): Map<string | null, number[]> {
  const found = new Map<string | null, number[]>();
  const inOrder = [...facts.values()].sort((a, b) => a.index - b.index);
  for (const gpu of inOrder) {
    const card = cardOf(gpu);
    if (card !== null) found.set(card, [...(found.get(card) ?? []), gpu.index]);
  }
  return found;
}
