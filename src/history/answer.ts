import type { HistoryAnswer, HistoryQuestion, HistorySeries } from '../report/history.ts';
import { jobLabel } from '../report/job-words.ts';
import { type KeptFigure, keptGpuFigures, keptJobFigures, keptMachineFigures } from './codec/figures.ts';
import { type FigureKey, valuesOf } from './engine/bins.ts';
import type { RangeAnswer, RangeQuestion } from './engine/range.ts';

/** Questions and answers of `GET /api/v1/history`, and what the engine makes of them. */

/** A screen shows no more, and a node of many GPUs and jobs has a hundred lines. */
export const MOST_POINTS = 3_000;
const USUAL_POINTS = 600;
/** An answer is made and read in one piece: some megabytes of JSON, some ten milliseconds of the head. */
const MOST_FIGURES = 250_000;
const MOST_JOBS = 48;

const figuresOf: Record<FigureKey['group'], readonly KeptFigure[]> = {
  machine: keptMachineFigures,
  gpu: keptGpuFigures,
  job: keptJobFigures,
};

const keyOf = ({ group, row, figure }: FigureKey): string => {
  const name = figuresOf[group][figure]?.key ?? '';
  return group === 'machine' ? name : `${group}.${row}.${name}`;
};

/** With a step that makes points neither too many nor too few. */
export function rangeQuestion({ node, series, fromMs, toMs, stepMs }: HistoryQuestion): RangeQuestion {
  const span = Math.max(1, toMs - fromMs);
  const isWanted = (key: FigureKey) => {
    const name = keyOf(key);
    return series?.some((asked) => name === asked || name.startsWith(`${asked}.`)) ?? true;
  };
  return {
    node,
    fromMs,
    toMs,
    stepMs: Math.max(span / MOST_POINTS, stepMs ?? span / USUAL_POINTS),
    isWanted,
    most: { jobs: MOST_JOBS, figures: MOST_FIGURES },
  };
}

function seriesOf(
  line: RangeAnswer['bins']['lines'] extends Map<string, infer Line> ? Line : never,
): HistorySeries {
  const { group, row, figure } = line;
  const known = figuresOf[group][figure];
  if (known === undefined) throw new Error(`there is no figure ${figure} of a ${group}`);
  const series: HistorySeries = { ...known, key: keyOf(line), ...valuesOf(line) };
  if (group === 'gpu') return { ...series, label: `GPU ${row}`, gpuIndex: Number(row) };
  if (group === 'job') return { ...series, label: jobLabel(String(row), null), jobKey: String(row) };
  return series;
}

const groupOrder = { machine: 0, gpu: 1, job: 2 } as const;

/** In the order in which `/recent` has them. Labels are those of keys: whoever knows names puts them in. */
export function historyAnswer({ node, toMs }: HistoryQuestion, { bins, tier }: RangeAnswer): HistoryAnswer {
  const lines = [...bins.lines.values()].sort(
    (a, b) =>
      groupOrder[a.group] - groupOrder[b.group] ||
      (a.group === 'gpu' ? Number(a.row) - Number(b.row) : 0) ||
      (String(a.row) < String(b.row) ? -1 : String(a.row) > String(b.row) ? 1 : a.figure - b.figure),
  );
  return {
    node,
    fromMs: bins.fromMs,
    toMs,
    stepMs: bins.stepMs,
    tierMs: tier.stepMs,
    timesMs: Array.from({ length: bins.count }, (_, at) => bins.fromMs + at * bins.stepMs),
    series: lines.map(seriesOf),
    events: [],
  };
}
