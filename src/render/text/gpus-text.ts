import { DASH, formatBytes, formatOpenPercent } from '../../lib/format.ts';
import { countedAs, type GpuCounts, type GpuUse } from '../../report/gpu-use.ts';
import { describeUse, freeMemoryBytes, gpuLabel } from '../../report/gpu-words.ts';
import { shortIds } from '../../report/job-words.ts';
import type { ClusterGpu } from '../../report/rows.ts';
import { stateTones } from '../node-state.ts';
import { alignColumns, headings, type TextCell } from './align-columns.ts';
import { plainStyle, type Tone } from './text-style.ts';
import { gpuCountsText, sumOf } from './totals-text.ts';

export type { ClusterGpu };

const HEADINGS = ['NODE', 'GPU', 'MODEL', 'USE', 'GPU%', 'MEM FREE', 'MEM', 'TEMP', 'POWER', 'USERS', 'JOBS'];
const MOST_NAMES = 4;

const rounded = (value: number | null, unit: string) =>
  value === null ? DASH : `${Math.round(value)}${unit}`;

function listed(names: readonly string[]): string {
  if (names.length === 0) return DASH;
  const more = names.length > MOST_NAMES ? ` +${names.length - MOST_NAMES}` : '';
  return names.slice(0, MOST_NAMES).join(', ') + more;
}

const useTones: Partial<Record<GpuUse, Tone>> = {
  free: 'good',
  'held-idle': 'warning',
  drained: 'warning',
  out: 'bad',
  unknown: 'faint',
};

/** Figures of a node that is not live are old, and those of a GPU that does not answer are none. */
function useOf(gpu: ClusterGpu): TextCell {
  const { state, health, use, migEnabled } = gpu;
  if (state !== 'live') return { text: state, tone: stateTones[state] };
  if (health !== 'ok') return { text: health, tone: 'bad' };
  const tone = use === 'unknown' && migEnabled ? null : (useTones[use] ?? null);
  return { text: describeUse(gpu, use), tone };
}

function row(gpu: ClusterGpu): TextCell[] {
  return [
    gpu.node,
    gpuLabel(gpu),
    gpu.name ?? DASH,
    useOf(gpu),
    formatOpenPercent(gpu.utilizationPercent),
    gpu.state === 'live' ? formatBytes(freeMemoryBytes(gpu)) : DASH,
    formatBytes(gpu.memoryTotalBytes),
    rounded(gpu.temperatureCelsius, ' °C'),
    rounded(gpu.powerWatts, ' W'),
    listed(gpu.users),
    listed(gpu.jobs.map(shortIds)),
  ];
}

/** What programs can get, as `countGpus` counts it: a GPU in MIG mode is taken by none, its instances are. */
function countRows(gpus: readonly ClusterGpu[]): GpuCounts {
  const counts = { total: 0, free: 0, busy: 0, heldIdle: 0, out: 0 };
  for (const { use, migEnabled } of gpus) {
    if (use === 'unknown' && migEnabled) continue;
    counts.total += 1;
    const counted = countedAs[use];
    if (counted !== null) counts[counted] += 1;
  }
  return counts;
}

/** An instance's memory is its GPU's, and old figures count for nothing. */
function memoryText(gpus: readonly ClusterGpu[]): string {
  const whole = gpus.filter(({ state, health, parentIndex }) => {
    return state === 'live' && health === 'ok' && parentIndex === null;
  });
  const total = sumOf(whole.map(({ memoryTotalBytes }) => memoryTotalBytes));
  if (total === null) return '';
  const free = sumOf(whole.map(freeMemoryBytes));
  return ` · ${formatBytes(free)} of ${formatBytes(total)} memory free`;
}

/** A line for each GPU under a line of headings, and one for all; ends with a newline. */
export function renderGpusText(gpus: readonly ClusterGpu[], style = plainStyle): string {
  if (gpus.length === 0) return 'No GPUs.\n';
  const totals = `${gpuCountsText(countRows(gpus))}${memoryText(gpus)}`;
  return `${[...alignColumns([headings(HEADINGS), ...gpus.map(row)], '', style), totals].join('\n')}\n`;
}
