import { parseTime } from '../lib/parse-time.ts';
import { type JobKind, jobKinds } from '../protocol/job-kinds.ts';

/** Who used what: what is asked of the ledger, and what it answers. Times are epoch ms; the end is no part of a range. */

export const ledgerGroups = ['user', 'job', 'node', 'model', 'day'] as const;
export type LedgerGroup = (typeof ledgerGroups)[number];

/** What `GET /api/v1/ledger` asks. */
export interface LedgerQuestion {
  by: LedgerGroup;
  fromMs: number;
  toMs: number;
  /** What this one took alone; null for everybody. */
  user: string | null;
  /** Those that held most, or the first days. */
  most: number;
}

/**
 * What one of them took within the time. Held are the hours that are known; of these some were at work, some were idle
 * (spells of ten minutes or more without any), and some were given by a scheduler and not touched. Unknown are those in
 * which nothing was heard of the node and the job was there before and after. A GPU that jobs share is divided among
 * them, but counts whole for each of them in an answer by job. Null where it was never told.
 */
export interface LedgerRow {
  /** The user, the job's key as in `ClusterJob`, the node, the model or the day as `2026-12-01`; null where there is none. */
  key: string | null;
  /** Null where it is not known, and in answers by something else of everybody. */
  user: string | null;
  /** Answers by job alone. */
  name?: string | null;
  jobs: number;
  gpuHoursHeld: number;
  gpuHoursActive: number | null;
  gpuHoursIdle: number | null;
  gpuHoursUntouched: number;
  gpuHoursUnknown: number;
  /** Mean over the hours held. */
  gpuUtilizationPercent: number | null;
  cpuHours: number | null;
  energyKilowattHours: number | null;
}

/** What `GET /api/v1/ledger` answers. Days are those of UTC, and whole: the range is as wide as they are. */
export interface LedgerAnswer {
  by: LedgerGroup;
  fromMs: number;
  toMs: number;
  rows: LedgerRow[];
  /** There are more than were asked for. */
  isCut: boolean;
}

/** What `GET /api/v1/jobs?from=&to=` asks: jobs that were there within the time. */
export interface PastJobsQuestion {
  fromMs: number;
  toMs: number;
  /** By its key, as in `ClusterJob`. */
  job: string | null;
  user: string | null;
  node: string | null;
  kind: JobKind | null;
  /** Those that ended within the time, those that have not ended, or both. */
  ended: boolean | null;
  most: number;
  /** Those behind that place, which an earlier answer told as `next`. */
  before: string | null;
}

/** A job as it was. Hours as in `LedgerRow`, of its whole life. */
export interface PastJob {
  /** As in `ClusterJob`. */
  key: string;
  kind: JobKind;
  id: string;
  name: string | null;
  user: string | null;
  command: string | null;
  nodes: string[];
  /** By UUID, or as NODE:INDEX where there is none. */
  gpus: string[];
  startTimeMs: number | null;
  /** From when to when it was counted. */
  firstSeenMs: number;
  lastSeenMs: number;
  /** Null while it runs, or its node is silent. */
  endTimeMs: number | null;
  /** `lost`: its node or the head was away when it ended, which may have been later. */
  end: 'seen' | 'lost' | null;
  gpuHoursHeld: number;
  gpuHoursActive: number | null;
  gpuHoursIdle: number | null;
  gpuHoursUntouched: number;
  gpuHoursUnknown: number;
  gpuUtilizationPercent: number | null;
  gpuUtilizationPeakPercent: number | null;
  /** In use of one of its GPUs, by whomever: mean and peak. */
  gpuMemoryBytes: number | null;
  gpuMemoryPeakBytes: number | null;
  cpuHours: number | null;
  residentPeakBytes: number | null;
  energyKilowattHours: number | null;
}

/** Running ones first, then those that ended last. */
export interface PastJobsAnswer {
  fromMs: number;
  toMs: number;
  jobs: PastJob[];
  /** As `before` it brings those that follow; null where none do. */
  next: string | null;
}

/** Whoever keeps a ledger. Rejects with a sentence where it cannot be read. */
export interface LedgerReader {
  ledger(question: LedgerQuestion): Promise<LedgerAnswer>;
  jobs(question: PastJobsQuestion): Promise<PastJobsAnswer>;
  /** Whether there is anything of this one. */
  hasUser(name: string): Promise<boolean>;
  /** By its key, as in `ClusterJob`. */
  hasJob(key: string): Promise<boolean>;
}

/** A question that cannot be answered: which part of it, and a sentence. */
export interface BadQuestion {
  code: `bad-${string}`;
  message: string;
}

export type AskedQuestion<Question> = { ok: true; question: Question } | { ok: false; error: BadQuestion };

/** As they stand in an address; undefined where missing. */
type Parameters = (name: string) => string | undefined;

const WEEK_MS = 7 * 86_400_000;
const MOST_ROWS = 10_000;
const USUAL_ROWS = 1_000;
const LONGEST_PLACE = 400;

/** What is wrong with one part of a question. */
class PartError extends Error {
  readonly code: `bad-${string}`;
  constructor(name: string, message: string) {
    super(message);
    this.code = `bad-${name}`;
  }
}

function read<Question>(make: () => Question): AskedQuestion<Question> {
  try {
    return { ok: true, question: make() };
  } catch (error) {
    if (!(error instanceof PartError)) throw error;
    return { ok: false, error: { code: error.code, message: error.message } };
  }
}

function timeOf(name: string, text: string, nowMs: number): number {
  try {
    return parseTime(text, nowMs);
  } catch (error) {
    throw new PartError(name, `${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Without words seven days, up to now. */
function rangeOf(given: Parameters, nowMs: number): { fromMs: number; toMs: number } {
  const [from, to] = [given('from'), given('to')];
  const toMs = to === undefined ? nowMs : timeOf('to', to, nowMs);
  const fromMs = from === undefined ? Math.max(0, toMs - WEEK_MS) : timeOf('from', from, nowMs);
  if (fromMs >= toMs)
    throw new PartError('from', 'from: the range ends before it begins; exchange from and to');
  return { fromMs, toMs };
}

/** Who puts a table into a spreadsheet wants all of it. */
function limitOf(given: Parameters): number {
  const text = given('limit');
  if (text === undefined) return given('format') === 'csv' ? MOST_ROWS : USUAL_ROWS;
  const most = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (most < 1 || most > MOST_ROWS)
    throw new PartError('limit', `limit: it is a whole number from 1 to ${MOST_ROWS}`);
  return most;
}

function wordOf<Word extends string>(given: Parameters, name: string, words: readonly Word[]): Word | null {
  const text = given(name);
  if (text === undefined) return null;
  const word = words.find((one) => one === text);
  if (word === undefined) throw new PartError(name, `${name}: it is one of ${words.join(', ')}`);
  return word;
}

/** What an address asks of the ledger. Pure. */
export const readLedgerQuestion = (given: Parameters, nowMs: number): AskedQuestion<LedgerQuestion> =>
  read(() => ({
    by: wordOf(given, 'by', ledgerGroups) ?? 'user',
    ...rangeOf(given, nowMs),
    user: given('user') ?? null,
    most: limitOf(given),
  }));

/** What an address asks of former jobs. Pure. */
export const readPastJobsQuestion = (given: Parameters, nowMs: number): AskedQuestion<PastJobsQuestion> =>
  read(() => {
    const ended = wordOf(given, 'ended', ['true', 'false', '1', '0']);
    return {
      ...rangeOf(given, nowMs),
      job: given('job') ?? null,
      user: given('user') ?? null,
      node: given('node') ?? null,
      kind: wordOf(given, 'kind', jobKinds),
      ended: ended === null ? null : ended === 'true' || ended === '1',
      most: limitOf(given),
      before: placeOf(given('before')),
    };
  });

/** `1796040100000~head1.7`: when a job of the answer before ended, and which one it was. */
function placeOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (text.length > LONGEST_PLACE || !/^\d{1,15}~.+$/.test(text))
    throw new PartError('before', 'before: it is what an earlier answer told as next');
  return text;
}
