import { formatDuration } from '../lib/format.ts';
import type { SchedulerAnswer, SchedulerNode, SlurmPlace } from '../protocol/scheduler.ts';

/** A node that may be chosen to ask its scheduler. */
export interface Candidate {
  name: string;
  isLive: boolean;
  place: SlurmPlace | null;
}

/** What is known of one node by its scheduler. */
export interface SchedulerWord {
  node: SchedulerNode | null;
  askedBy: string | null;
  ageMs: number | null;
  /** Why nothing counts; null where it does. */
  problem: string | null;
}

/** The schedulers' latest answers, and which node asks each of them: one for each cluster, whatever its size. */
export interface SchedulerAnswers {
  /** The nodes in the order of the list. Keeps whom it chose while that one is live and answers. */
  choose(candidates: Iterable<Candidate>, nowMs: number): ReadonlySet<string>;
  /**
   * A part of an answer; what a node says that was not asked, or of another cluster, is left out. True where another
   * answer counts from now on: it is about all nodes of the cluster.
   */
  take(name: string, place: SlurmPlace | null, answer: SchedulerAnswer, nowMs: number): boolean;
  about(place: SlurmPlace, nowMs: number): SchedulerWord;
}

/** An older answer counts no more. */
const STALE_MS = 180_000;
/** Two answers may take so long where the controller is slow; then another node is asked. */
const UNANSWERED_MS = 120_000;
/** A scheduler that refuses everybody is not asked by one node after the other as fast as they can. */
const CHANGE_EVERY_MS = 60_000;

interface Cluster {
  asker: string | null;
  chosenAtMs: number;
  failed: Set<string>;
  error: string | null;
  pending: SchedulerNode[] | null;
  answer: { askedBy: string; atMs: number; byName: ReadonlyMap<string, SchedulerNode> } | null;
}

const shortName = (host: string) => host.split('.', 1)[0] ?? '';

/** By Slurm's name of a node first; a host's own name where no node is called so. */
function indexNodes(nodes: readonly SchedulerNode[]): ReadonlyMap<string, SchedulerNode> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  for (const node of nodes) {
    const host = node.hostname;
    if (host !== null && !byName.has(host)) byName.set(host, node);
  }
  return byName;
}

/** Begins without an answer. Times are those of a monotonic clock. */
export function createSchedulerAnswers(): SchedulerAnswers {
  const clusters = new Map<string, Cluster>();

  function clusterOf(name: string): Cluster {
    const known = clusters.get(name);
    if (known) return known;
    const fresh: Cluster = {
      asker: null,
      chosenAtMs: Number.NEGATIVE_INFINITY,
      failed: new Set(),
      error: null,
      pending: null,
      answer: null,
    };
    clusters.set(name, fresh);
    return fresh;
  }

  function isAnswering({ asker, chosenAtMs, failed, answer }: Cluster, nowMs: number): boolean {
    if (asker === null || failed.has(asker)) return false;
    const heardMs = answer?.askedBy === asker ? answer.atMs : Number.NEGATIVE_INFINITY;
    return nowMs - Math.max(heardMs, chosenAtMs) < UNANSWERED_MS;
  }

  function chooseFor(cluster: Cluster, names: readonly string[], nowMs: number): void {
    const { asker, failed } = cluster;
    const isThere = asker !== null && names.includes(asker);
    if (isThere && isAnswering(cluster, nowMs)) return;
    // One that has gone is replaced at once; one that was refused, only after a while.
    if (isThere && nowMs - cluster.chosenAtMs < CHANGE_EVERY_MS) return;
    if (isThere) failed.add(asker);
    if (names.every((name) => failed.has(name))) {
      failed.clear();
      if (isThere && names.length > 1) failed.add(asker);
    }
    cluster.asker = names.find((name) => !failed.has(name)) ?? null;
    cluster.chosenAtMs = nowMs;
    cluster.pending = null;
  }

  return {
    choose(candidates, nowMs) {
      const able = new Map<string, string[]>();
      for (const { name, isLive, place } of candidates) {
        if (!isLive || place === null || !place.canAsk) continue;
        const names = able.get(place.cluster);
        if (names) names.push(name);
        else able.set(place.cluster, [name]);
      }
      for (const [name, cluster] of clusters) {
        if (able.has(name)) continue;
        cluster.asker = null;
        if (cluster.answer === null || nowMs - cluster.answer.atMs > 2 * STALE_MS) clusters.delete(name);
      }
      for (const [name, names] of able) chooseFor(clusterOf(name), names, nowMs);
      return new Set(Array.from(clusters.values()).flatMap(({ asker }) => asker ?? []));
    },
    take(name, place, answer, nowMs) {
      const cluster = clusters.get(answer.cluster);
      if (cluster === undefined || cluster.asker !== name || place?.cluster !== answer.cluster) return false;
      if (answer.error !== null) {
        cluster.error = answer.error;
        cluster.failed.add(name);
        return cluster.answer === null;
      }
      if (answer.parts === 0) {
        if (cluster.answer?.askedBy === name) cluster.answer.atMs = nowMs;
      } else {
        if (answer.part === 0) cluster.pending = [];
        cluster.pending?.push(...answer.nodes);
        if (answer.part < answer.parts - 1) return false;
        if (cluster.pending !== null)
          cluster.answer = { askedBy: name, atMs: nowMs, byName: indexNodes(cluster.pending) };
        cluster.pending = null;
      }
      cluster.error = null;
      cluster.failed.clear();
      return answer.parts > 0;
    },
    about({ cluster: name, nodeName }, nowMs) {
      const cluster = clusters.get(name);
      const answer = cluster?.answer ?? null;
      if (answer === null) {
        const refusal = cluster?.error ?? null;
        const problem = refusal === null ? null : `it does not answer: ${refusal}`;
        return { node: null, askedBy: cluster?.asker ?? null, ageMs: null, problem };
      }
      const ageMs = Math.max(0, Math.round(nowMs - answer.atMs));
      const { askedBy, byName } = answer;
      if (ageMs > STALE_MS) {
        const why = cluster?.error ? ` (${cluster.error})` : '';
        const problem = `its last answer is ${formatDuration(ageMs)} old and counts no more${why}`;
        return { node: null, askedBy, ageMs, problem };
      }
      return {
        node: byName.get(nodeName) ?? byName.get(shortName(nodeName)) ?? null,
        askedBy,
        ageMs,
        problem: null,
      };
    },
  };
}
