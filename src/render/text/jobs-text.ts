import { DASH, formatBytes, formatCoresOf, formatDuration, formatOpenPercent } from '../../lib/format.ts';
import { visibleText } from '../../lib/visible-text.ts';
import { shortIds } from '../../report/job-words.ts';
import type { ClusterJob } from '../../report/rows.ts';
import { alignColumns, headings, type TextCell } from './align-columns.ts';
import { nodesCell } from './nodes-cell.ts';
import { plainStyle } from './text-style.ts';
import { cutToWidth } from './text-width.ts';
import { countText, holdingsText } from './totals-text.ts';

export type { ClusterJob };

const HEADINGS = ['JOB', 'NAME', 'USER', 'NODES', 'GPUS', 'GPU MEM', 'GPU', 'CORES', 'RAM', 'AGE'];
const LONGEST_ID = 20;
const LONGEST_NAME = 30;

function row(job: ClusterJob): TextCell[] {
  return [
    `${job.kind} ${cutToWidth(visibleText(shortIds(job.id)), LONGEST_ID)}`,
    cutToWidth(visibleText(job.name ?? DASH), LONGEST_NAME),
    job.user ?? DASH,
    nodesCell(job),
    job.gpus.length === 0 ? DASH : String(job.gpus.length),
    formatBytes(job.gpuMemoryBytes),
    formatOpenPercent(job.gpuUtilizationPercent),
    formatCoresOf(job.cpuPercent, job.coreCount),
    formatBytes(job.residentBytes),
    formatDuration(job.ageMs),
  ];
}

/** A line for each job under a line of headings, and one for all; ends with a newline. */
export function renderJobsText(jobs: readonly ClusterJob[], style = plainStyle): string {
  if (jobs.length === 0) return 'No jobs.\n';
  const users = new Set(jobs.flatMap(({ user }) => user ?? []));
  const who = users.size === 0 ? '' : ` of ${countText(users.size, 'user')}`;
  const totals = `${countText(jobs.length, 'job')}${who} ${holdingsText(jobs)}`;
  return `${[...alignColumns([headings(HEADINGS), ...jobs.map(row)], '', style), totals].join('\n')}\n`;
}
