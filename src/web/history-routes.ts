import type { Context, Hono } from 'hono';
import { parseSpan, parseTime } from '../lib/parse-time.ts';
import { visibleText } from '../lib/visible-text.ts';
import { type Changes, changesBetween, type Then } from '../report/changes.ts';
import { gpuLabel } from '../report/gpu-words.ts';
import type { HistoryAnswer, HistoryQuestion, HistorySeries } from '../report/history.ts';
import { historyCsv } from '../report/history-csv.ts';
import { jobLabel } from '../report/job-words.ts';
import type { WebDependencies } from './dependencies.ts';

/** What was, of one node: `GET /api/v1/history`. */

type Dependencies = Pick<WebDependencies, 'cluster' | 'history'>;

/** What is wrong with a question: a sentence with its place and the remedy. */
class BadQuestion extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const HOUR_MS = 3_600_000;
const MOST_SERIES = 500;

function timeOf(context: Context, name: 'from' | 'to', usualMs: number, nowMs: number): number {
  const text = context.req.query(name);
  if (text === undefined) return usualMs;
  try {
    return parseTime(text, nowMs);
  } catch (error) {
    throw new BadQuestion(
      `bad-${name}`,
      `${name}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Milliseconds, or `60s`, `15m`: what lies between two points. */
function stepOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  try {
    return /^\d{1,15}$/.test(text) ? Math.max(1, Number(text)) : parseSpan(text);
  } catch {
    throw new BadQuestion(
      'bad-step',
      `step: "${visibleText(text)}" is no length of time; give it as 10s, 15m, 1d, or in milliseconds`,
    );
  }
}

function questionOf(context: Context, nowMs: number): HistoryQuestion {
  const node = context.req.query('node');
  if (node === undefined || node === '')
    throw new BadQuestion('node-needed', 'node is missing: /api/v1/history?node=NODE&from=-24h');
  const toMs = timeOf(context, 'to', nowMs, nowMs);
  const fromMs = timeOf(context, 'from', toMs - HOUR_MS, nowMs);
  if (fromMs >= toMs)
    throw new BadQuestion('bad-from', 'from: the range ends before it begins; exchange from and to');
  const series = context.req.query('series')?.split(',').filter(Boolean) ?? null;
  if (series !== null && series.length > MOST_SERIES)
    throw new BadQuestion('bad-series', `series: at most ${MOST_SERIES} at a time`);
  return { node, series, fromMs, toMs, stepMs: stepOf(context.req.query('step')) };
}

/** Names of GPUs and jobs as the page has them now; a job that ended keeps its key. */
function withLabels(answer: HistoryAnswer, { cluster }: Dependencies): HistoryAnswer {
  const report = cluster.node(answer.node)?.report;
  if (report === undefined) return answer;
  const gpus = new Map((report.hello?.gpus ?? []).map((gpu) => [gpu.index, gpu]));
  const jobs = new Map((report.sample?.jobs ?? []).map((job) => [job.key, job]));
  const labelOf = ({ label, gpuIndex, jobKey }: HistorySeries) => {
    const gpu = gpuIndex === undefined ? undefined : gpus.get(gpuIndex);
    const job = jobKey === undefined ? undefined : jobs.get(jobKey);
    if (gpu) return `GPU ${gpuLabel(gpu)}`;
    return job ? jobLabel(job.key, job.name) : label;
  };
  return { ...answer, series: answer.series.map((series) => ({ ...series, label: labelOf(series) })) };
}

const OFF = 'Nothing is kept of former times here: [history] enabled = false in rollcall.toml.';

/** Mistakes in a question are 400 with the place and a remedy; 404 where nothing is kept, 503 where it cannot be read. */
export function addHistoryRoutes(app: Hono, dependencies: Dependencies): void {
  addChangesRoute(app, dependencies);
  app.get('/api/v1/history', async (context) => {
    const { history, cluster } = dependencies;
    if (!history) return context.json({ error: { code: 'history-off', message: OFF } }, 404);
    try {
      const question = questionOf(context, Date.now());
      cluster.catchUp(question.node);
      const answer = withLabels(await history.history(question), dependencies);
      if (answer.series.length === 0 && cluster.node(question.node) === undefined) {
        const message = `Nothing is known of a node "${visibleText(question.node)}" in that time.`;
        return context.json({ error: { code: 'unknown-node', message } }, 404);
      }
      if (context.req.query('format') !== 'csv') return context.json(answer);
      return context.body(historyCsv(answer), 200, { 'Content-Type': 'text/csv; charset=utf-8' });
    } catch (error) {
      return refused(context, error);
    }
  });
}

const MINUTE_MS = 60_000;

/** What is another at `to` (now) than at `from`. */
function addChangesRoute(app: Hono, { history, cluster }: Dependencies): void {
  app.get('/api/v1/changes', async (context) => {
    if (!history) return context.json({ error: { code: 'history-off', message: OFF } }, 404);
    const nowMs = Date.now();
    try {
      const toMs = timeOf(context, 'to', nowMs, nowMs);
      const fromMs = timeOf(context, 'from', toMs - HOUR_MS, nowMs);
      if (fromMs >= toMs) throw new BadQuestion('bad-from', 'from: it must lie before to');
      const [before, after] = [
        await history.clusterAt(toMinute(fromMs)),
        toMs > nowMs - MINUTE_MS ? cluster : await history.clusterAt(toMinute(toMs)),
      ];
      if (before === null || after === null) {
        const missingMs = toMinute(before === null ? fromMs : toMs);
        const message = `Nothing is kept of ${new Date(missingMs).toISOString().slice(0, 16)}Z.`;
        return context.json({ error: { code: 'no-history', message } }, 404);
      }
      const changes = changesBetween(thenOf(before), thenOf(after));
      const events = await history.events(null, fromMs, toMs);
      return context.json({ fromMs, toMs, ...changes, events } satisfies Changes);
    } catch (error) {
      return refused(context, error);
    }
  });
}

const toMinute = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS;

function thenOf(cluster: WebDependencies['cluster']): Then {
  cluster.catchUp();
  const { gpus, jobs, nodes } = cluster.currentRows();
  return { nodes, gpus, jobs };
}

function refused(context: Context, error: unknown): Response {
  if (error instanceof BadQuestion)
    return context.json({ error: { code: error.code, message: error.message } }, 400);
  const message = `History cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  return context.json({ error: { code: 'history-failing', message } }, 503);
}
