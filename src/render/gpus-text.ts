import { DASH, formatBytes, formatOpenPercent } from '../lib/format.ts';
import { visibleText } from '../lib/visible-text.ts';
import type { ClusterGpu } from '../protocol/cluster.ts';
import { describeAllocation, type GpuUse } from '../protocol/gpu-use.ts';
import { alignColumns } from './align-columns.ts';

export type { ClusterGpu };

const HEADINGS = ['NODE', 'GPU', 'MODEL', 'USE', 'GPU%', 'MEM FREE', 'MEM', 'TEMP', 'POWER', 'USERS', 'JOBS'];
const MOST_NAMES = 4;

/** How uses are told: a word each, never colour alone. */
export const useWords: Record<GpuUse, string> = {
  free: 'free',
  busy: 'busy',
  allocated: 'allocated, idle',
  'held-idle': 'held idle',
  drained: 'drained',
  out: 'out',
  unknown: DASH,
};

const rounded = (value: number | null, unit: string) =>
  value === null ? DASH : `${Math.round(value)}${unit}`;

function listed(names: readonly string[]): string {
  if (names.length === 0) return DASH;
  const more = names.length > MOST_NAMES ? ` +${names.length - MOST_NAMES}` : '';
  return names.slice(0, MOST_NAMES).join(', ') + more;
}

/** Figures of a node that is not live are old, and those of a GPU that does not answer are none. */
function useOf({ state, health, use, migEnabled, allocation }: ClusterGpu): string {
  if (state !== 'live') return state;
  if (health !== 'ok') return health;
  if (use === 'allocated' && allocation) return describeAllocation(allocation, use);
  return use === 'unknown' && migEnabled ? 'MIG' : useWords[use];
}

function row(gpu: ClusterGpu): string[] {
  return [
    gpu.node,
    gpu.parentIndex === null ? String(gpu.index) : `${gpu.parentIndex}:${gpu.migInstance ?? DASH}`,
    gpu.name ?? DASH,
    useOf(gpu),
    formatOpenPercent(gpu.utilizationPercent),
    gpu.state === 'live' ? formatBytes(gpu.memoryFreeBytes) : DASH,
    formatBytes(gpu.memoryTotalBytes),
    rounded(gpu.temperatureCelsius, ' °C'),
    rounded(gpu.powerWatts, ' W'),
    listed(gpu.users),
    listed(gpu.jobs),
  ];
}

/** A line for each GPU under a line of headings; ends with a newline. */
export function renderGpusText(gpus: readonly ClusterGpu[]): string {
  if (gpus.length === 0) return 'No GPUs.\n';
  return `${alignColumns([HEADINGS, ...gpus.map((gpu) => row(gpu).map(visibleText))]).join('\n')}\n`;
}
