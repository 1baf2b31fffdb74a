import { foldNames } from '../../lib/fold-names.ts';
import { DASH, formatBytes, formatDuration, formatMoment, formatOpenPercent } from '../../lib/format.ts';
import { visibleText } from '../../lib/visible-text.ts';
import { shortIds } from '../../report/job-words.ts';
import type { LedgerAnswer, LedgerGroup, LedgerRow, PastJob, PastJobsAnswer } from '../../report/ledger.ts';
import { alignColumns, headings, type TextCell } from './align-columns.ts';
import { plainStyle } from './text-style.ts';
import { cutToWidth } from './text-width.ts';
import { countText, sumOf } from './totals-text.ts';

/** Who used what, and jobs that were, for a terminal. */

const words: Record<LedgerGroup, { heading: string; one: string; nothing: string }> = {
  user: { heading: 'USER', one: 'user', nothing: 'not known' },
  job: { heading: 'JOB', one: 'job', nothing: DASH },
  node: { heading: 'NODE', one: 'node', nothing: DASH },
  model: { heading: 'MODEL', one: 'model', nothing: 'no GPU' },
  day: { heading: 'DAY', one: 'day', nothing: DASH },
};

const HOURS = ['GPU HOURS', 'ACTIVE', 'IDLE', 'UNTOUCHED', 'UNKNOWN', 'GPU', 'CPU HOURS', 'ENERGY'];
const LONGEST_ID = 20;
const LONGEST_NAME = 30;

type Hours = Omit<LedgerRow, 'key' | 'user' | 'name' | 'jobs'>;

/** `0`, `0.4`, `12`: one digit after the point below ten. */
function hoursText(hours: number | null): string {
  if (hours === null) return DASH;
  return hours === 0 ? '0' : hours.toFixed(hours < 9.95 ? 1 : 0);
}

const energyText = (kilowattHours: number | null) =>
  kilowattHours === null ? DASH : `${hoursText(kilowattHours)} kWh`;

function hourCells(row: Hours): TextCell[] {
  const wasted = (hours: number | null): TextCell => ({
    text: hoursText(hours),
    tone: (hours ?? 0) >= 1 ? 'warning' : null,
  });
  return [
    hoursText(row.gpuHoursHeld),
    hoursText(row.gpuHoursActive),
    wasted(row.gpuHoursIdle),
    wasted(row.gpuHoursUntouched),
    hoursText(row.gpuHoursUnknown),
    formatOpenPercent(row.gpuUtilizationPercent),
    hoursText(row.cpuHours),
    energyText(row.energyKilowattHours),
  ];
}

const rangeText = ({ fromMs, toMs }: { fromMs: number; toMs: number }) =>
  `${formatMoment(fromMs)} to ${formatMoment(toMs)}`;

/** A line for each row under a line of headings, and one for all of them; ends with a newline. */
export function renderLedgerText(answer: LedgerAnswer, style = plainStyle): string {
  const { by, rows, isCut } = answer;
  const { heading, one, nothing } = words[by];
  if (rows.length === 0) return `Nothing is known of ${rangeText(answer)}.\n`;
  const table = [
    headings([heading, 'JOBS', ...HOURS]),
    ...rows.map((row) => [row.key ?? nothing, String(row.jobs), ...hourCells(row)]),
  ];
  const held = hoursText(sumOf(rows.map(({ gpuHoursHeld }) => gpuHoursHeld)));
  const idle = hoursText(sumOf(rows.map(({ gpuHoursIdle }) => gpuHoursIdle)));
  const more = isCut ? ', the first of more' : '';
  const totals = `${countText(rows.length, one)}${more} · ${held} GPU hours held, ${idle} of them idle · ${rangeText(answer)}`;
  return `${[...alignColumns(table, '', style), totals].join('\n')}\n`;
}

function jobRow(job: PastJob): TextCell[] {
  const { startTimeMs, endTimeMs, lastSeenMs } = job;
  const lengthMs = startTimeMs === null ? null : (endTimeMs ?? lastSeenMs) - startTimeMs;
  return [
    `${job.kind} ${cutToWidth(visibleText(shortIds(job.id)), LONGEST_ID)}`,
    cutToWidth(visibleText(job.name ?? DASH), LONGEST_NAME),
    job.user ?? DASH,
    foldNames(job.nodes),
    job.gpus.length === 0 ? DASH : String(job.gpus.length),
    endText(job),
    formatDuration(lengthMs),
    ...hourCells(job),
    formatBytes(job.gpuMemoryPeakBytes),
    formatBytes(job.residentPeakBytes),
  ];
}

function endText({ endTimeMs, end }: PastJob): TextCell {
  if (endTimeMs === null) return { text: 'runs', tone: 'good' };
  const text = formatMoment(endTimeMs).replace(/:\d\d UTC$/, ' UTC');
  return end === 'lost' ? { text: `${text} or later`, tone: 'warning' } : text;
}

const JOB_HEADINGS = ['JOB', 'NAME', 'USER', 'NODES', 'GPUS', 'ENDED', 'LENGTH', ...HOURS, 'GPU MEM', 'RAM'];

/** A line for each job under a line of headings, and one for all of them; ends with a newline. */
export function renderPastJobsText(answer: PastJobsAnswer, style = plainStyle): string {
  const { jobs, next } = answer;
  if (jobs.length === 0) return `No jobs from ${rangeText(answer)}.\n`;
  const more = next === null ? '' : ', the last of more';
  const held = hoursText(sumOf(jobs.map(({ gpuHoursHeld }) => gpuHoursHeld)));
  const totals = `${countText(jobs.length, 'job')}${more} · ${held} GPU hours held in all · ${rangeText(answer)}`;
  return `${[...alignColumns([headings(JOB_HEADINGS), ...jobs.map(jobRow)], '', style), totals].join('\n')}\n`;
}
