import type { CollectorName } from '../protocol/collector-names.ts';
import type { SampleBrief } from '../protocol/sample-brief.ts';
import { gpuLabel } from '../report/gpu-words.ts';
import { jobLabel } from '../report/job-words.ts';
import {
  gpuFigures,
  jobFigures,
  machineFigures,
  RECENT_MS,
  type RecentFigure,
  type RecentFigures,
  type RecentGroup,
  type RecentSeries,
} from '../report/series.ts';
import type { SeriesSubject } from './node-series.ts';
import { columnAt, placesSince, type RecentPoint, type RecentRing } from './recent-ring.ts';

/** What a node's charts are made of. */
interface RecentSource extends SeriesSubject {
  ring: RecentRing;
}

interface Shown extends RecentSource {
  places: readonly number[];
  tellsReasons: boolean;
}

const NO_ROWS = { keys: [], cells: [] };

/** What the ring keeps of a sample. */
export function pointOf({ machine, gpus, jobs }: SampleBrief): RecentPoint {
  return {
    machine: { keys: [null], cells: machine },
    gpus: gpus === null ? NO_ROWS : { keys: gpus.index, cells: gpus.cells },
    jobs: jobs === null ? NO_ROWS : { keys: jobs.key, cells: jobs.cells },
  };
}

/** The points later than `sinceMs` (null for all) of the quarter of an hour before `nowMs`. */
export function recentFigures(source: RecentSource, sinceMs: number | null, nowMs: number): RecentFigures {
  const { name, ring } = source;
  const fromMs = Math.max(nowMs - RECENT_MS, sinceMs ?? 0);
  const places = placesSince(ring, fromMs);
  const timesMs = places.map((place) => Math.round(ring.times[place] ?? 0));
  // Nothing newer than what is known already says nothing about what is missing.
  const tellsReasons = places.length > 0 || sinceMs === null;
  const shown = { ...source, places, tellsReasons };
  const series = [...machineSeries(shown), ...gpuSeries(shown), ...jobSeries(shown)];
  return { node: name, fromMs, toMs: nowMs, timesMs, series, missing: missingGroups(shown, series) };
}

function machineSeries(shown: Shown): RecentSeries[] {
  const row = shown.ring.machine.keys.length === 0 ? null : 0;
  return machineFigures.map((figure, column) => ({
    ...figure,
    ...told(shown, valuesOf(shown, 'machine', row, column), figure, () => whyMissing(shown, figure)),
  }));
}

function gpuSeries(shown: Shown): RecentSeries[] {
  const { ring, facts, sample } = shown;
  const rows = new Map<number, number | null>((sample?.gpus?.index ?? []).map((index) => [index, null]));
  ring.gpus.keys.forEach((index, row) => {
    rows.set(index, row);
  });
  const known = new Map((facts.gpus ?? []).map((gpu) => [gpu.index, gpu]));
  const parentOf = (index: number) => known.get(index)?.parentIndex ?? index;
  return [...rows]
    .sort(([a], [b]) => parentOf(a) - parentOf(b) || a - b)
    .slice(0, ring.gpus.maxRows)
    .flatMap(([index, row]) => {
      const label = `GPU ${gpuLabel(known.get(index) ?? { index, parentIndex: null, migInstance: null })}`;
      return gpuFigures.map((figure, column) => ({
        ...figure,
        key: `gpu.${index}.${figure.key}`,
        label,
        gpuIndex: index,
        ...told(shown, valuesOf(shown, 'gpus', row, column), figure, () => whyGpuMissing(shown, index)),
      }));
    });
}

/** Jobs with a value at one of the places; what a job never had is no series of it. */
function jobSeries(shown: Shown): RecentSeries[] {
  const { ring, facts } = shown;
  return ring.jobs.keys.flatMap((jobKey, row) => {
    const job = facts.jobs.get(jobKey);
    const isElement = job !== undefined && typeof job.number === 'string';
    const label = jobLabel(isElement ? `${job.kind}:${job.id}` : jobKey, job?.name);
    return jobFigures.flatMap((figure, column): RecentSeries[] => {
      const values = valuesOf(shown, 'jobs', row, column);
      if (values.every((value) => value === null)) return [];
      return [
        {
          ...figure,
          key: `job.${jobKey}.${figure.key}`,
          label,
          jobKey,
          values: values.map((value) => rounded(value, figure)),
        },
      ];
    });
  });
}

function valuesOf(
  { ring, places }: Shown,
  group: 'machine' | 'gpus' | 'jobs',
  row: number | null,
  column: number,
): (number | null)[] {
  return row === null ? places.map(() => null) : columnAt(ring[group], row, column, places);
}

function rounded(value: number | null, { unit }: RecentFigure): number | null {
  if (value === null) return null;
  return unit === 'bytes' || unit === 'bytesPerSecond' ? Math.round(value) : Math.round(value * 10) / 10;
}

function told(
  { tellsReasons }: Shown,
  values: readonly (number | null)[],
  figure: RecentFigure,
  why: () => string,
): Pick<RecentSeries, 'values' | 'missing'> {
  const tidy = values.map((value) => rounded(value, figure));
  const isMissing = tellsReasons && tidy.every((value) => value === null);
  return isMissing ? { values: tidy, missing: why() } : { values: tidy };
}

const NO_SAMPLE = 'no sample yet';
const TOO_OLD = 'no sample in the last 15 minutes';
const NOT_TOLD = 'the node does not tell it';
const collectorOf = {
  cpu: 'cpu',
  memory: 'memory',
  network: 'network',
  disks: 'disks',
  gpus: 'gpus',
  jobs: 'processes',
} as const satisfies Record<RecentGroup, CollectorName>;

function whyMissing({ sample, places }: Shown, { group }: Pick<RecentFigure, 'group'>): string {
  if (sample === null) return NO_SAMPLE;
  if (places.length === 0) return TOO_OLD;
  return sample.collectors[collectorOf[group]].error ?? NOT_TOLD;
}

function whyGpuMissing({ sample, places }: Shown, index: number): string {
  if (sample === null) return NO_SAMPLE;
  if (places.length === 0) return TOO_OLD;
  const at = sample.gpus?.index.indexOf(index) ?? -1;
  const own = at < 0 ? null : (sample.gpus?.error[at] ?? null);
  return own ?? sample.collectors.gpus.error ?? "the node's driver does not tell it";
}

function missingGroups(shown: Shown, series: readonly RecentSeries[]): RecentFigures['missing'] {
  const missing: RecentFigures['missing'] = {};
  if (!shown.tellsReasons) return missing;
  const present = new Set(series.map(({ group }) => group));
  const { sample } = shown;
  if (!present.has('gpus'))
    missing.gpus = sample?.gpus ? 'this node has no GPU' : whyMissing(shown, { group: 'gpus' });
  if (!present.has('jobs'))
    missing.jobs = sample?.jobs ? 'no job runs here' : whyMissing(shown, { group: 'jobs' });
  return missing;
}
