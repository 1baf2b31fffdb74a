import type { HistoryAnswer, HistorySeries, PastEvent } from '../../../src/report/history-answer.ts';
import type { RecentFigure } from '../../../src/report/series.ts';
import type { App } from '../../../src/web/app.ts';

/** A past of every node that is a formula, answered at `/api/v1/history` by a real port. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const figures: RecentFigure[] = [
  { key: 'gpu.0.utilization', group: 'gpus', label: 'GPU 0', unit: 'percent' },
  { key: 'gpu.1.utilization', group: 'gpus', label: 'GPU 1', unit: 'percent' },
  { key: 'gpu.0.power', group: 'gpus', label: 'GPU 0', unit: 'watts' },
  { key: 'cpu', group: 'cpu', label: 'CPU', unit: 'percent' },
  { key: 'memory', group: 'memory', label: 'Memory', unit: 'bytes' },
];

export interface PastFormula {
  /** Nothing is known of before. */
  sinceMs: number;
  /** Nor of what lies in between. */
  gapMs: [fromMs: number, toMs: number] | null;
  events: PastEvent[];
  /** Instead of an answer. */
  error: { status: number; code: string; message: string } | null;
}

export interface PastAnswers {
  formula: PastFormula;
  /** What was asked, oldest first. */
  asked: URLSearchParams[];
  answer(app: App): App;
}

/** As the head reads it: ISO, epoch ms, or so long ago. */
function momentOf(text: string | null, nowMs: number): number {
  if (text === null) return nowMs;
  const [, count, unit] = /^-(\d+)([smhd])$/.exec(text) ?? [];
  const units: Record<string, number> = { s: 1000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };
  if (unit !== undefined) return nowMs - Number(count) * (units[unit] ?? 0);
  return /^\d+$/.test(text) ? Number(text) : Date.parse(text);
}

const tierFor = (ageMs: number) =>
  ageMs <= 3 * DAY_MS ? 10_000 : ageMs <= 14 * DAY_MS ? MINUTE_MS : 15 * MINUTE_MS;

/** Goes from 40 to 60 in a day; least and most are 20 apart from it where a point is of more than one figure. */
const meanAt = (ms: number) => 50 + 10 * Math.sin((ms / DAY_MS) * 2 * Math.PI);

function seriesOf(figure: RecentFigure, timesMs: number[], isKnown: (ms: number) => boolean, spread: number) {
  const at = (shift: number) => timesMs.map((ms) => (isKnown(ms) ? meanAt(ms) + shift : null));
  const series: HistorySeries = {
    ...figure,
    mean: at(0),
    min: at(-spread),
    max: at(spread),
    resolution: figure.unit === 'percent' ? 0.5 : null,
  };
  return series;
}

function answerTo(words: URLSearchParams, { sinceMs, gapMs, events }: PastFormula): HistoryAnswer {
  const nowMs = Date.now();
  const fromMs = momentOf(words.get('from'), nowMs);
  const toMs = momentOf(words.get('to'), nowMs);
  const tierMs = tierFor(nowMs - fromMs);
  const stepMs = Math.max(tierMs, Number(words.get('step') ?? tierMs));
  const timesMs: number[] = [];
  for (let ms = Math.floor(fromMs / stepMs) * stepMs; ms < toMs; ms += stepMs) timesMs.push(ms);
  const isKnown = (ms: number) => ms >= sinceMs && !(gapMs && ms >= gapMs[0] && ms < gapMs[1]);
  const asked = words.get('series')?.split(',') ?? null;
  const meant = figures.filter(
    ({ key }) => asked?.some((each) => key === each || key.startsWith(`${each}.`)) ?? true,
  );
  return {
    node: words.get('node') ?? '',
    fromMs,
    toMs,
    stepMs,
    tierMs,
    timesMs,
    series: meant.map((figure) => seriesOf(figure, timesMs, isKnown, stepMs > tierMs ? 20 : 0)),
    events: events.filter(({ atMs }) => atMs >= fromMs && atMs < toMs),
  };
}

export function createPastAnswers(): PastAnswers {
  const formula: PastFormula = {
    sinceMs: Date.now() - 400 * DAY_MS,
    gapMs: null,
    events: [],
    error: null,
  };
  const asked: URLSearchParams[] = [];

  function respond(url: URL): Response {
    asked.push(url.searchParams);
    const { error } = formula;
    if (error) {
      const { status, code, message } = error;
      return Response.json({ error: { code, message } }, { status });
    }
    const answer = answerTo(url.searchParams, formula);
    if (url.searchParams.get('format') !== 'csv') return Response.json(answer);
    const lines = answer.timesMs.map((ms, at) =>
      [ms, ...answer.series.map(({ mean }) => mean[at])].join(','),
    );
    const head = ['timeMs', ...answer.series.map(({ key }) => key)].join(',');
    return new Response(`${[head, ...lines].join('\n')}\n`, {
      headers: { 'content-type': 'text/csv; charset=utf-8' },
    });
  }

  return {
    formula,
    asked,
    answer: (app) => ({
      ...app,
      get viewerCount() {
        return app.viewerCount;
      },
      fetch(request, ...rest) {
        const url = new URL(request.url);
        return url.pathname === '/api/v1/history' ? respond(url) : app.fetch(request, ...rest);
      },
    }),
  };
}
