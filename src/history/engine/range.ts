import { bucketOf, DAY_MS, RAW, type Tier, tiers } from '../tiers.ts';
import { addChunk, type Bins, createBins, type FigureKey, figuresOf } from './bins.ts';
import { type Core, doneUntil, type PlacedChunk, storedChunks } from './core.ts';
import { asChunk } from './frames.ts';
import { tableOf } from './open-bucket.ts';

/** What is asked of one node. */
export interface RangeQuestion {
  node: string;
  fromMs: number;
  toMs: number;
  /** What lies between two points of the answer, at least. */
  stepMs: number;
  isWanted: (key: FigureKey) => boolean;
  /** How large the answer may be: the jobs that were there longest, and so many figures in all, by a longer step. */
  most?: { jobs: number; figures: number };
}

export interface RangeAnswer {
  bins: Bins;
  tier: Tier;
}

/** What is known of a range, as finely as it is kept and asked for. */
export async function readRange(core: Core, question: RangeQuestion): Promise<RangeAnswer> {
  const at = tierFor(core, question);
  const tier = tiers[at] ?? RAW;
  const usualMs = Math.ceil(question.stepMs / tier.stepMs) * tier.stepMs;
  const fromMs = Math.floor(question.fromMs / usualMs) * usualMs;
  const chunks = await chunksOf(core, at, { ...question, fromMs });
  const { isWanted, mostPoints } = withinBounds(question, chunks);
  const leastMs = (question.toMs - fromMs) / mostPoints;
  const stepMs = Math.max(usualMs, Math.ceil(leastMs / tier.stepMs) * tier.stepMs);
  const bins = createBins(fromMs, question.toMs, stepMs);
  for (const { chunk, bucketMs, stepMs: ownMs } of chunks) addChunk(bins, chunk, bucketMs, ownMs, isWanted);
  return { bins, tier };
}

/** A node may have had thousands of jobs, and an answer with all of them would fill the memory of whoever takes it. */
function withinBounds({ isWanted, most }: RangeQuestion, chunks: readonly PlacedChunk[]) {
  if (most === undefined) return { isWanted, mostPoints: Number.POSITIVE_INFINITY };
  const lines = new Map<string, FigureKey>();
  /** Points of each job's chunks: a job that came later counts more among equals. */
  const points = new Map<string, number>();
  for (const { chunk } of chunks) {
    for (const key of figuresOf(chunk)) {
      const line = `${key.group} ${key.figure} ${key.row}`;
      if (!lines.has(line) && isWanted(key)) lines.set(line, key);
    }
    for (const job of chunk.jobs) {
      const before = points.get(job) ?? 0;
      points.delete(job);
      points.set(job, before + chunk.places.length);
    }
  }
  const wanted = new Set(Array.from(lines.values(), ({ group, row }) => (group === 'job' ? row : null)));
  const longest = [...points]
    .reverse()
    .filter(([job]) => wanted.has(job))
    .sort(([, a], [, b]) => b - a)
    .slice(0, most.jobs);
  const jobs = new Set<FigureKey['row']>(longest.map(([job]) => job));
  const isKept = ({ group, row }: FigureKey) => group !== 'job' || jobs.has(row);
  const count = [...lines.values()].filter(isKept).length;
  return {
    isWanted: (key: FigureKey) => isKept(key) && isWanted(key),
    mostPoints: Math.max(1, Math.floor(most.figures / Math.max(1, count))),
  };
}

/** The coarsest tier that is fine enough, or the first that reaches so far back. */
function tierFor({ keptDays, nowMs }: Core, { fromMs, stepMs }: RangeQuestion): number {
  const fine = tiers.findLastIndex((tier) => tier.stepMs <= stepMs);
  const reaches = ({ name }: Tier) => {
    const days = keptDays[name];
    return days === null || fromMs >= nowMs() - days * DAY_MS;
  };
  const found = tiers.findIndex((tier, at) => at >= fine && reaches(tier));
  return found < 0 ? tiers.length - 1 : found;
}

/** Of what a tier has not yet, the finer ones tell; at last what is still open. */
async function chunksOf(core: Core, at: number, question: RangeQuestion): Promise<PlacedChunk[]> {
  const tier = tiers[at];
  if (tier === undefined) return openChunks(core, question);
  const { node, fromMs, toMs } = question;
  const untilMs = doneUntil(core, tier);
  const stored =
    fromMs < untilMs ? await storedChunks(core, tier, node, { fromMs, toMs: Math.min(toMs, untilMs) }) : [];
  if (untilMs >= toMs) return stored;
  const finer = await chunksOf(core, at - 1, { ...question, fromMs: Math.max(fromMs, untilMs) });
  return [...stored, ...finer];
}

function openChunks({ open }: Core, { node, fromMs, toMs }: RangeQuestion): PlacedChunk[] {
  const chunks: PlacedChunk[] = [];
  for (const [bucketMs, bucket] of open) {
    const known = bucket.get(node);
    if (!known || bucketMs >= toMs || bucketMs + RAW.bucketMs <= bucketOf(RAW, fromMs)) continue;
    chunks.push({ chunk: asChunk(tableOf(known)), bucketMs, stepMs: RAW.stepMs });
  }
  return chunks;
}
