import { formatBytes, formatDuration } from '../lib/format.ts';
import { groupBy } from '../lib/group-by.ts';
import type { GpuHolder } from '../protocol/hello.ts';
import type { ReportedGpu, ReportedGpuProcess, ReportedSample } from '../protocol/reported-sample.ts';
import { takesGpu } from '../report/gpu-holding.ts';
import type { GpuMark } from '../report/marks.ts';
import { comparedProperties, type Majorities, majorityKey } from './gpu-majorities.ts';
import type { GpuSpells } from './gpu-spells.ts';

/** When something about a GPU is worth a mark. */
export interface MarkThresholds {
  heldIdleMs: number;
  /** Of memory that nobody visible holds. */
  ghostBytes: number;
  /** Share of the power limit below which full utilization is doubtful. */
  lowPowerShare: number;
  /** Above the median of its siblings. */
  hotterCelsius: number;
}

export const defaultThresholds: MarkThresholds = {
  heldIdleMs: 30 * 60_000,
  ghostBytes: 1024 ** 3,
  lowPowerShare: 0.25,
  hotterCelsius: 15,
};

/** A job that begins or ends is fully used for a moment before it draws power. */
const LOW_POWER_MS = 60_000;
const NARROW_BUSY_PERCENT = 5;
const FEWEST_SIBLINGS = 3;
/** A GPU that draws so much more than its siblings may be hotter. */
const SIMILAR_POWER = 1.2;

export interface MarkInput {
  sample: ReportedSample;
  holders: readonly GpuHolder[];
  spells: GpuSpells;
  majorities: Majorities;
  thresholds: MarkThresholds;
  nowMs: number;
}

/** Marks of all GPUs of one node. Pure. */
export function markGpus(input: MarkInput): GpuMark[] {
  const { sample } = input;
  const onGpus = sample.gpuProcesses && groupBy(sample.gpuProcesses, ({ gpuIndex }) => gpuIndex);
  const alarmCelsius = coolest(sample.gpus ?? []) + input.thresholds.hotterCelsius;
  return (sample.gpus ?? []).flatMap((gpu) => {
    if (gpu.health !== 'ok') return [];
    const processes = onGpus && (onGpus.get(gpu.index) ?? []);
    const texts = [
      ghostMemory(input, gpu, processes),
      heldIdle(input, gpu, processes ?? []),
      lowPower(input, gpu),
      narrowLink(gpu),
      // Looked at closely only where it can be so.
      (gpu.temperatureCelsius ?? Number.NEGATIVE_INFINITY) < alarmCelsius ? null : hotter(input, gpu),
      memoryErrors(gpu),
      ...differences(input, gpu),
    ];
    return texts.flatMap((found) => (found === null ? [] : [{ gpuIndex: gpu.index, ...found }]));
  });
}

type Found = Omit<GpuMark, 'gpuIndex'> | null;

/** In `/proc` there is no such process: it is gone, or this login may not see it. */
const isUnseen = ({ state, command }: ReportedGpuProcess) => state === null && command === null;

/** Null where the memory of a process is not told: then nothing can be said to be missing. */
export function unexplainedBytes(
  gpu: ReportedGpu,
  processes: readonly ReportedGpuProcess[] | null,
): number | null {
  // A MIG GPU's memory is explained by its instances; unified memory belongs to the host's programs too.
  if (processes === null || gpu.memoryUsedBytes === null || gpu.migEnabled || gpu.unifiedMemory) return null;
  let explained = 0;
  for (const process of processes) {
    if (isUnseen(process)) continue;
    if (process.gpuMemoryBytes === null) return null;
    explained += process.gpuMemoryBytes;
  }
  return Math.max(0, gpu.memoryUsedBytes - explained);
}

function ghostMemory(
  input: MarkInput,
  gpu: ReportedGpu,
  processes: readonly ReportedGpuProcess[] | null,
): Found {
  const bytes = unexplainedBytes(gpu, processes);
  if (bytes === null || bytes < input.thresholds.ghostBytes) return null;
  const unseen = (processes ?? []).filter(isUnseen).map(({ pid }) => pid);
  const holders = input.holders.filter(({ gpuIndex }) => gpuIndex === gpu.index).map(({ pid }) => pid);
  // Who counts processes and may not see them all gives no number of them.
  const isBlind = input.sample.processCount === null && input.sample.topProcesses !== null;
  const where = isBlind ? 'hidden from this login' : 'gone or hidden from this login';
  const parts = [
    `${formatBytes(bytes)} that no visible process explains`,
    unseen.length > 0 && `the driver still lists ${pids(unseen)}, ${where}`,
    holders.length > 0 && `its device is open in ${pids(holders)}`,
  ];
  return { code: 'ghost-memory', text: parts.filter(Boolean).join('; ') };
}

const MOST_PIDS = 8;
const pids = (all: readonly number[]) =>
  `pid ${all.slice(0, MOST_PIDS).join(', ')}${all.length > MOST_PIDS ? ` and ${all.length - MOST_PIDS} more` : ''}`;

function heldIdle(input: MarkInput, gpu: ReportedGpu, processes: readonly ReportedGpuProcess[]): Found {
  const idleMs = input.spells.heldIdleMs(gpu.index, input.nowMs);
  const holders = processes.filter(takesGpu);
  if (idleMs === null || (processes.length > 0 && holders.length === 0)) return null;
  const ms = Math.min(idleMs, longestHeldMs(holders, input.sample.takenAtMs));
  if (ms < input.thresholds.heldIdleMs) return null;
  const users = [...new Set(holders.map(({ user }) => user).filter((user) => user !== null))];
  const who = users.length > 0 ? ` by ${users.join(', ')}` : '';
  return { code: 'held-idle', text: `held${who} without any work for ${formatDuration(ms)}` };
}

/** Nobody answers for the time before they came: the one before may have left the GPU as idle. Both by the node's clock. */
function longestHeldMs(holders: readonly ReportedGpuProcess[], takenAtMs: number | null): number {
  const ages = holders.map(({ startTimeMs }) =>
    startTimeMs === null || takenAtMs === null ? Number.POSITIVE_INFINITY : takenAtMs - startTimeMs,
  );
  return ages.length === 0 ? Number.POSITIVE_INFINITY : Math.max(0, ...ages);
}

function lowPower(input: MarkInput, gpu: ReportedGpu): Found {
  const ms = input.spells.lowPowerMs(gpu.index, input.nowMs);
  if (ms === null || ms < LOW_POWER_MS || gpu.powerWatts === null || !gpu.powerLimitWatts) return null;
  const share = Math.round((gpu.powerWatts / gpu.powerLimitWatts) * 100);
  return {
    code: 'low-power',
    text: `${gpu.utilizationPercent}% used at ${share}% of its power limit for ${formatDuration(ms)}: it probably waits instead of computing`,
  };
}

/** An idle GPU may lower its link. */
function narrowLink({ pcieWidth, pcieWidthMax, utilizationPercent }: ReportedGpu): Found {
  const isBusy = (utilizationPercent ?? 0) >= NARROW_BUSY_PERCENT;
  if (!isBusy || pcieWidth === null || pcieWidthMax === null || pcieWidth >= pcieWidthMax) return null;
  return { code: 'narrow-link', text: `its PCIe link is x${pcieWidth} of x${pcieWidthMax}` };
}

const median = (values: readonly number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
};

const coolest = (gpus: readonly ReportedGpu[]) =>
  gpus.reduce(
    (least, { temperatureCelsius }) => Math.min(least, temperatureCelsius ?? least),
    Number.POSITIVE_INFINITY,
  );

function hotter({ sample, thresholds }: MarkInput, gpu: ReportedGpu): Found {
  const { temperatureCelsius, powerWatts } = gpu;
  const siblings = (sample.gpus ?? []).filter(
    (other) => other !== gpu && other.name === gpu.name && other.temperatureCelsius !== null,
  );
  if (temperatureCelsius === null || siblings.length < FEWEST_SIBLINGS) return null;
  const usual = median(siblings.map((other) => other.temperatureCelsius ?? 0));
  const usualPower = median(siblings.map((other) => other.powerWatts ?? 0));
  if (powerWatts !== null && powerWatts > usualPower * SIMILAR_POWER) return null;
  if (temperatureCelsius - usual < thresholds.hotterCelsius) return null;
  return { code: 'hotter', text: `${temperatureCelsius} °C where its siblings have ${usual} °C` };
}

function memoryErrors(gpu: ReportedGpu): Found {
  const parts = [
    gpu.eccVolatileUncorrected !== null &&
      gpu.eccVolatileUncorrected > 0 &&
      `${gpu.eccVolatileUncorrected} memory errors that could not be corrected`,
    (gpu.retiredPagesPending || gpu.remappedRowsPending) && 'a repair of its memory waits for a reset',
    gpu.remappedRowsFailed && 'a repair of its memory failed',
  ];
  const text = parts.filter(Boolean).join('; ');
  return text === '' ? null : { code: 'memory-errors', text };
}

function differences({ majorities }: MarkInput, gpu: ReportedGpu): Found[] {
  if (gpu.parentIndex !== null || majorities.size === 0) return [];
  return comparedProperties.map(({ code, read, describe }) => {
    const value = read(gpu);
    const usual = majorities.get(majorityKey(gpu, code));
    if (value === null || usual === undefined || usual.value === value) return null;
    const others = `${usual.count} of ${usual.total} GPUs of this model have ${describe(usual.value)}`;
    return { code, text: `${describe(value)}, where ${others}` };
  });
}
