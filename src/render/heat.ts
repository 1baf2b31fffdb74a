import type { ReportedGpu } from '../protocol/reported-sample.ts';
import { countedGpus, type GpuUse, gpuUse } from '../report/gpu-use.ts';
import { gpuLabel } from '../report/gpu-words.ts';
import type { NodeReport } from '../report/node-report.ts';
import { inFamilies } from './gpu-view.ts';

/** What the heat map is made of: one cell for each GPU that counts, or for each node of a cluster without GPUs. */

/** Of GPUs, and of nodes. */
export const heatMetrics = ['utilization', 'memory', 'temperature', 'power', 'cpu', 'ram'] as const;
export type HeatMetric = (typeof heatMetrics)[number];

export interface HeatCell {
  /** As in the node's own table. */
  label: string;
  use: GpuUse;
  /** Each figure as a share of its scale, not bounded; null where it is absent or old. */
  shares: Record<HeatMetric, number | null>;
  /** Of a GPU whose limit is not known: its power in watts, for a scale of its model's own. */
  unlimited: { model: string; powerWatts: number } | null;
}

/** Level 0 to 63, one character each; `static/heatmap.js` reads them. */
export const HEAT_LEVELS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-';
export const HEAT_ABSENT = '.';

export const heatUses: Record<GpuUse, string> = {
  free: 'f',
  busy: 'b',
  // Taken, and out of service, to whoever looks for a GPU.
  allocated: 'b',
  'held-idle': 'i',
  drained: 'x',
  out: 'x',
  unknown: '?',
};

/** The scale of temperatures begins and ends here. */
const COLDEST_CELSIUS = 20;
const HOTTEST_CELSIUS = 95;

const absent: Record<HeatMetric, null> = {
  utilization: null,
  memory: null,
  temperature: null,
  power: null,
  cpu: null,
  ram: null,
};

const part = (value: number | null, whole: number | null) =>
  value === null || whole === null || whole <= 0 ? null : value / whole;

/** The card that a MIG instance is a part of tells what an instance does not: its temperature and power. */
function cardOf(gpu: ReportedGpu, all: readonly ReportedGpu[]): ReportedGpu {
  if (gpu.parentIndex === null) return gpu;
  return all.find(({ index }) => index === gpu.parentIndex) ?? gpu;
}

function sharesOf(gpu: ReportedGpu, card: ReportedGpu): Record<HeatMetric, number | null> {
  const celsius = gpu.temperatureCelsius ?? card.temperatureCelsius;
  return {
    ...absent,
    utilization: part(gpu.utilizationPercent, 100),
    memory: part(gpu.memoryUsedBytes, gpu.memoryTotalBytes),
    temperature: part(celsius === null ? null : celsius - COLDEST_CELSIUS, HOTTEST_CELSIUS - COLDEST_CELSIUS),
    power: part(gpu.powerWatts, gpu.powerLimitWatts) ?? part(card.powerWatts, card.powerLimitWatts),
  };
}

function unlimitedOf(card: ReportedGpu, power: number | null): HeatCell['unlimited'] {
  if (power !== null || card.powerWatts === null) return null;
  return { model: card.name ?? '', powerWatts: card.powerWatts };
}

type Processes = NonNullable<NodeReport['sample']>['gpuProcesses'];

/** Null where no process is known at all: then figures alone tell what a GPU is used for. */
function processesByGpu(processes: Processes): (index: number) => NonNullable<Processes> | null {
  if (processes === null) return () => null;
  const known = new Map<number, NonNullable<Processes>>();
  for (const process of processes) {
    const own = known.get(process.gpuIndex);
    if (own) own.push(process);
    else known.set(process.gpuIndex, [process]);
  }
  return (index) => known.get(index) ?? [];
}

/** The cells of one node, in the order of its own table; they come to what `countGpus` counts. Pure. */
export function heatCells({ state, hello, sample, marks }: NodeReport): HeatCell[] {
  const { sampled, facts } = countedGpus({ hello, sample });
  if (state !== 'live' || sampled === null) {
    const use = state === 'live' ? 'unknown' : 'out';
    return [...facts]
      .sort(inFamilies)
      .map((gpu) => ({ label: gpuLabel(gpu), use, shares: absent, unlimited: null }));
  }
  const processesOf = processesByGpu(sample?.gpuProcesses ?? null);
  return [...sampled].sort(inFamilies).map((gpu) => {
    const card = cardOf(gpu, sample?.gpus ?? []);
    const shares = sharesOf(gpu, card);
    const use = gpuUse(gpu, processesOf(gpu.index), marks);
    return { label: gpuLabel(gpu), use, shares, unlimited: unlimitedOf(card, shares.power) };
  });
}

/** The one cell of a node, by what its processor and its memory do. Pure. */
export function nodeHeatCell({ state, sample }: NodeReport): HeatCell {
  if (state !== 'live') {
    const use = state === 'connecting' ? 'unknown' : 'out';
    return { label: '0', use, shares: absent, unlimited: null };
  }
  const shares = {
    ...absent,
    cpu: part(sample?.cpu?.totalPercent ?? null, 100),
    ram: part(sample?.memory?.usedBytes ?? null, sample?.memory?.totalBytes ?? null),
  };
  return { label: '0', use: 'busy', shares, unlimited: null };
}

/** One character for a share of the scale: a larger share never has a lower level. Pure. */
export function heatLevel(share: number | null): string {
  if (share === null || Number.isNaN(share)) return HEAT_ABSENT;
  const last = HEAT_LEVELS.length - 1;
  return HEAT_LEVELS.charAt(Math.round(Math.min(1, Math.max(0, share)) * last));
}
