import { eachDay } from './days.ts';
import { addGpuTime, type GpuTime, noGpuTime, type UsageRow } from './records.ts';
import { type ModelShare, modelShareOf, type NodeShare } from './tracked-job.ts';

/** What a job took, put down in its record and in the rows of usage of the days in which it was. */

/** Epoch ms. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** `holders`: how many jobs had the GPU, each of whose users is told a part of the time. */
export function countTime(
  share: NodeShare,
  wanted: string,
  { fromMs, toMs }: Span,
  time: Partial<GpuTime>,
  holders = 1,
): void {
  addGpuTime(share.job.time, time);
  const of = modelShareOf(share, wanted, fromMs);
  of.heldMs += time.heldMs ?? 0;
  of.cpuMs += time.cpuMs ?? 0;
  of.lastMs = Math.max(of.lastMs, toMs);
  eachDay(fromMs, toMs, (day, part) => {
    const row = rowOf(share, of, day);
    addGpuTime(row, time, part / holders);
  });
}

function rowOf(share: NodeShare, of: ModelShare, day: number): UsageRow {
  let row = share.usage.find((one) => one.day === day && one.model === of.model);
  if (row === undefined) {
    row = emptyRow(share.node, of.model, day);
    share.usage.push(row);
  }
  if (of.lastDay === null || day > of.lastDay) countJob(share, of, row);
  return row;
}

/** A job counts once a day: in one row of all that it has, in one of each node, and in one of each model. */
function countJob(share: NodeShare, of: ModelShare, row: UsageRow): void {
  const { day } = row;
  const all = share.job.shares.flatMap(({ models }) => [...models.values()]);
  const ofNode = [...share.models.values()];
  const ofModel = all.filter(({ model }) => model === of.model);
  const [isDay, isFirst] = isNew(all, day);
  const [isDayOfNode, isFirstOfNode] = isNew(ofNode, day);
  const [isDayOfModel, isFirstOfModel] = isNew(ofModel, day);
  row.jobs += isDay;
  row.newJobs += isFirst;
  row.jobsOfNode += isDayOfNode;
  row.newJobsOfNode += isFirstOfNode;
  row.jobsOfModel += isDayOfModel;
  row.newJobsOfModel += isFirstOfModel;
  of.lastDay = day;
}

/** 1 where nothing was counted on that day, and where nothing ever was. */
function isNew(shares: readonly ModelShare[], day: number): [isDay: number, isFirst: number] {
  const last = shares.reduce<number | null>(
    (latest, { lastDay }) => (lastDay !== null && lastDay > (latest ?? lastDay - 1) ? lastDay : latest),
    null,
  );
  return [last === null || day > last ? 1 : 0, last === null ? 1 : 0];
}

const emptyRow = (node: string, model: string, day: number): UsageRow => ({
  ...noGpuTime(),
  day,
  user: '',
  node,
  model,
  jobs: 0,
  jobsOfNode: 0,
  jobsOfModel: 0,
  newJobs: 0,
  newJobsOfNode: 0,
  newJobsOfModel: 0,
});
