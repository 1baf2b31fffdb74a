import { MAX_ANSWER_PARTS, MAX_SCHEDULER_NODES } from '../../protocol/constants.ts';
import type { GpuFacts } from '../../protocol/gpu-facts.ts';
import type { Facts } from '../../protocol/hello.ts';
import type { SchedulerAnswer, SchedulerNode, SlurmPlace } from '../../protocol/scheduler.ts';
import type { Leash } from '../leash.ts';
import type { System } from '../system.ts';
import { askSlurm, type SlurmAnswer } from './ask-slurm.ts';
import { createSlurmPlaceFinder } from './slurm-place.ts';

/** Says which cluster the node belongs to; and asks its scheduler, where the head has chosen this monitor for that. */
export interface SchedulerWatch {
  setAsking(asks: boolean): void;
  setWatched(watched: boolean): void;
  /** What is new since the last call, as messages of their own. Starts no more than one question at a time. */
  news(gpus: readonly GpuFacts[]): Facts[];
}

const ASK_EVERY_MS = 30_000;
const WATCHED_ASK_EVERY_MS = 15_000;
/** Pause in lengths of the last question: a slow controller is left alone. */
const PAUSE_PER_QUESTION = 9;
const LONGEST_PAUSE_MS = 30 * 60_000;
/** The samples' own steps are not that exact. */
const EARLY_MS = 500;
/** Characters of JSON. */
const MAX_PART_LENGTH = 128 * 1024;

/** Starts nothing before `news` is called, and no question before `setAsking`. */
export function createSchedulerWatch(system: System, leash: Leash): SchedulerWatch {
  const finder = createSlurmPlaceFinder(system, leash);
  let toldPlace: SlurmPlace | null = null;
  let asks = false;
  let isWatched = false;
  let isBusy = false;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let restUntilMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let answer: { cluster: string; found: SlurmAnswer } | null = null;
  let toldNodes = '';

  function isDue(nowMs: number): boolean {
    const everyMs = isWatched ? WATCHED_ASK_EVERY_MS : ASK_EVERY_MS;
    return asks && !isBusy && nowMs >= askedAtMs + everyMs - EARLY_MS && nowMs >= restUntilMs;
  }

  async function ask(cluster: string): Promise<void> {
    isBusy = true;
    askedAtMs = system.monotonicMs();
    const found = await askSlurm(system, leash);
    const nowMs = system.monotonicMs();
    failures = found.ok ? 0 : failures + 1;
    const pauseMs = found.ok
      ? PAUSE_PER_QUESTION * (nowMs - askedAtMs)
      : ASK_EVERY_MS * 2 ** Math.min(failures - 1, 6);
    restUntilMs = nowMs + Math.min(pauseMs, LONGEST_PAUSE_MS);
    answer = { cluster, found };
    isBusy = false;
  }

  function partsOf(cluster: string, found: SlurmAnswer): SchedulerAnswer[] {
    if (!found.ok) return [{ cluster, part: 0, parts: 0, nodes: [], error: found.error.slice(0, 500) }];
    const { nodes } = found;
    const text = JSON.stringify(nodes);
    if (text === toldNodes) return [{ cluster, part: 0, parts: 0, nodes: [], error: null }];
    toldNodes = text;
    const parts = splitNodes(nodes);
    return parts.map((some, part) => ({ cluster, part, parts: parts.length, nodes: some, error: null }));
  }

  return {
    setAsking(now) {
      // Another node may have been asked meanwhile: the next answer is told whole.
      if (now && !asks) toldNodes = '';
      asks = now;
    },
    setWatched(now) {
      isWatched = now;
    },
    news(gpus) {
      const messages: Facts[] = [];
      const place = finder.find(gpus);
      if (place !== toldPlace) messages.push({ type: 'facts', slurm: place });
      toldPlace = place;
      if (answer !== null && asks)
        for (const schedulerAnswer of partsOf(answer.cluster, answer.found))
          messages.push({ type: 'facts', schedulerAnswer });
      answer = null;
      // It never rejects.
      if (place !== null && isDue(system.monotonicMs())) void ask(place.cluster);
      return messages;
    },
  };
}

/** A line that is too long would cost the node its connection. What is beyond the last part is left out. */
function splitNodes(nodes: readonly SchedulerNode[]): SchedulerNode[][] {
  const parts: SchedulerNode[][] = [];
  let length = 0;
  for (const node of nodes) {
    const more = JSON.stringify(node).length;
    const last = parts.at(-1);
    if (last !== undefined && last.length < MAX_SCHEDULER_NODES && length + more <= MAX_PART_LENGTH) {
      last.push(node);
      length += more;
    } else {
      if (parts.length >= MAX_ANSWER_PARTS) break;
      parts.push([node]);
      length = more;
    }
  }
  return parts;
}
