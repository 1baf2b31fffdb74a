import { foldNames } from '../lib/fold-names.ts';
import { DASH, formatBytes, formatCoresOf, formatDuration, formatOpenPercent } from '../lib/format.ts';
import { visibleText } from '../lib/visible-text.ts';
import type { ClusterJob } from '../protocol/cluster.ts';
import { alignColumns } from './align-columns.ts';

export type { ClusterJob };

const HEADINGS = ['JOB', 'NAME', 'USER', 'NODES', 'GPUS', 'GPU MEM', 'GPU', 'CORES', 'RAM', 'AGE'];
const LONGEST_ID = 20;
const LONGEST_NAME = 30;

const cut = (text: string, max: number) => (text.length > max ? `${text.slice(0, max - 1)}…` : text);

function row(job: ClusterJob): string[] {
  return [
    `${job.kind} ${cut(job.id, LONGEST_ID)}`,
    cut(job.name ?? DASH, LONGEST_NAME),
    job.user ?? DASH,
    foldNames(job.nodes) + (job.isCurrent ? '' : ' (old figures)'),
    job.gpus.length === 0 ? DASH : String(job.gpus.length),
    formatBytes(job.gpuMemoryBytes),
    formatOpenPercent(job.gpuUtilizationPercent),
    formatCoresOf(job.cpuPercent, job.coreCount),
    formatBytes(job.residentBytes),
    formatDuration(job.ageMs),
  ];
}

/** A line for each job under a line of headings; ends with a newline. */
export function renderJobsText(jobs: readonly ClusterJob[]): string {
  if (jobs.length === 0) return 'No jobs.\n';
  return `${alignColumns([HEADINGS, ...jobs.map((job) => row(job).map(visibleText))]).join('\n')}\n`;
}
