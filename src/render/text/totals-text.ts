import { formatBytes, formatCores } from '../../lib/format.ts';
import type { GpuCounts } from '../../report/gpu-use.ts';
import type { ClusterJob } from '../../report/rows.ts';

/** What the lines under tables say: all rows together. */

/** `1 node`, `12 nodes`. */
export const countText = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** `60 GPUs: 14 free, 40 busy, 4 held idle, 2 out`; none of what there is none of. */
export function gpuCountsText({ total, free, busy, heldIdle, out }: GpuCounts): string {
  const parts: [number, string][] = [
    [free, 'free'],
    [busy, 'busy'],
    [heldIdle, 'held idle'],
    [out, 'out'],
    [total - free - busy - heldIdle - out, 'not known'],
  ];
  const told = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return [countText(total, 'GPU'), ...(told.length > 0 ? [told.join(', ')] : [])].join(': ');
}

/** Null where none is known. */
export function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

type Holding = Pick<ClusterJob, 'nodes' | 'gpus' | 'gpuMemoryBytes' | 'cpuPercent' | 'residentBytes'>;

/** `on 9 nodes, with 38 GPUs · GPU memory 1.2 TiB, CPU 31 cores, RAM 410.0 GiB`. What several hold counts once. */
export function holdingsText(rows: readonly Holding[]): string {
  const nodes = new Set(rows.flatMap((row) => row.nodes));
  const gpus = new Set(rows.flatMap((row) => row.gpus.map(({ node, index }) => `${node}\0${index}`)));
  const figures = [
    figure('GPU memory', sumOf(rows.map((row) => row.gpuMemoryBytes)), formatBytes),
    figure('CPU', sumOf(rows.map((row) => row.cpuPercent)), formatCores),
    figure('RAM', sumOf(rows.map((row) => row.residentBytes)), formatBytes),
  ].filter((text) => text !== null);
  const places = `on ${countText(nodes.size, 'node')}, with ${countText(gpus.size, 'GPU')}`;
  return [places, ...(figures.length > 0 ? [figures.join(', ')] : [])].join(' · ');
}

const figure = (name: string, value: number | null, format: (value: number) => string) =>
  value === null ? null : `${name} ${format(value)}`;
