import type { Context, Hono } from 'hono';
import {
  type AskedQuestion,
  type LedgerReader,
  readLedgerQuestion,
  readPastJobsQuestion,
} from '../report/ledger.ts';
import { ledgerCsv, pastJobsCsv } from '../report/ledger-csv.ts';
import type { WebDependencies } from './dependencies.ts';

/** Who used what: `GET /api/v1/ledger`, and of jobs that were `GET /api/v1/jobs?from=`. */

type Dependencies = Pick<WebDependencies, 'ledger' | 'history'>;

/** What makes a question about jobs one about former times. */
const PAST_WORDS = ['from', 'to', 'ended', 'job', 'before'] as const;

const OFF = 'Nothing is kept of former times here: [history] enabled = false in rollcall.toml.';
const STRANGERS = 'Who used what is not told to strangers: this head was started with --public.';

/**
 * Mistakes in a question are 400 with the place and a remedy; 404 where no ledger is kept, or none for strangers; 503
 * where it cannot be read. To be added before the routes of what is now, which `/api/v1/jobs` is without a time.
 */
export function addLedgerRoutes(app: Hono, dependencies: Dependencies): void {
  app.get('/api/v1/ledger', (context) =>
    answer(
      context,
      dependencies,
      readLedgerQuestion,
      (reader, question) => reader.ledger(question),
      ledgerCsv,
    ),
  );
  app.get('/api/v1/jobs', (context, next) => {
    if (PAST_WORDS.every((word) => context.req.query(word) === undefined)) return next();
    return answer(
      context,
      dependencies,
      readPastJobsQuestion,
      (reader, question) => reader.jobs(question),
      pastJobsCsv,
    );
  });
}

type Parameters = (name: string) => string | undefined;

async function answer<Question, Answer extends object>(
  context: Context,
  { ledger, history }: Dependencies,
  read: (given: Parameters, nowMs: number) => AskedQuestion<Question>,
  ask: (reader: LedgerReader, question: Question) => Promise<Answer>,
  toCsv: (answer: Answer) => string,
): Promise<Response> {
  const refuse = (status: 400 | 404 | 503, code: string, message: string) =>
    context.json({ error: { code, message } }, status);
  if (!ledger) return history ? refuse(404, 'ledger-hidden', STRANGERS) : refuse(404, 'history-off', OFF);
  const format = context.req.query('format') ?? 'json';
  if (format !== 'json' && format !== 'csv') return refuse(400, 'bad-format', 'format: it is json or csv');
  const asked = read((name) => context.req.query(name), Date.now());
  if (!asked.ok) return refuse(400, asked.error.code, asked.error.message);
  try {
    const said = await ask(ledger, asked.question);
    if (format === 'json') return context.json(said);
    return context.body(toCsv(said), 200, { 'Content-Type': 'text/csv; charset=utf-8' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refuse(503, 'history-failing', `History cannot be read: ${reason}`);
  }
}
