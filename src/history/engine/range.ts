import { bucketOf, DAY_MS, RAW, type Tier, tiers } from '../tiers.ts';
import { addChunk, type Bins, createBins, type FigureKey } from './bins.ts';
import { addStored, type Core, doneUntil } from './core.ts';
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
}

export interface RangeAnswer {
  bins: Bins;
  tier: Tier;
}

/** What is known of a range, as finely as it is kept and asked for. */
export async function readRange(core: Core, question: RangeQuestion): Promise<RangeAnswer> {
  const at = tierFor(core, question);
  const tier = tiers[at] ?? RAW;
  const stepMs = Math.ceil(question.stepMs / tier.stepMs) * tier.stepMs;
  const fromMs = Math.floor(question.fromMs / stepMs) * stepMs;
  const bins = createBins(fromMs, question.toMs, stepMs);
  await addRange(core, bins, at, { ...question, fromMs });
  return { bins, tier };
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
async function addRange(core: Core, bins: Bins, at: number, question: RangeQuestion): Promise<void> {
  const tier = tiers[at];
  if (tier === undefined) return addOpen(core, bins, question);
  const { node, fromMs, toMs, isWanted } = question;
  const untilMs = doneUntil(core, tier);
  if (fromMs < untilMs)
    await addStored(core, bins, tier, node, { fromMs, toMs: Math.min(toMs, untilMs) }, isWanted);
  if (untilMs < toMs) await addRange(core, bins, at - 1, { ...question, fromMs: Math.max(fromMs, untilMs) });
}

function addOpen({ open }: Core, bins: Bins, { node, fromMs, toMs, isWanted }: RangeQuestion): void {
  for (const [bucketMs, bucket] of open) {
    const known = bucket.get(node);
    if (!known || bucketMs >= toMs || bucketMs + RAW.bucketMs <= bucketOf(RAW, fromMs)) continue;
    addChunk(bins, asChunk(tableOf(known)), bucketMs, RAW.stepMs, isWanted);
  }
}
