import type { Cluster } from '../../cluster/cluster.ts';
import { createHeat, isHeatMetric } from './heat.ts';

/**
 * What is live beside rows and pages: `recent NODE`, the newest figures of a node for its charts; `heat layout` and
 * `heat METRIC`, the heat map of all GPUs.
 */
export interface Topics {
  /** The node that a topic is about; null for all, undefined where no node needs to hurry for it. */
  nodeOf(topic: string): string | null | undefined;
  /** Makes the topics anew, each at most once a second; false where nothing changed. */
  update(topics: Iterable<string>, version: number, nowMs: number): boolean;
  /** Whether one of them is not as the cluster is now. */
  arePending(topics: Iterable<string>, nowMs: number): boolean;
  /** As JSON, what somebody needs of a topic who has it up to `since`; null for nothing. */
  changeJson(topic: string, since: number): string | null;
}

/** Topics with the same first word; what follows it is given to each. */
interface TopicKind {
  nodeOf(rest: string): string | null | undefined;
  /** What it is made of now; undefined where there is no such topic. */
  sourceOf(rest: string, nowMs: number): unknown;
  /** Whether there is news that it was not due for yet. */
  isBehind(): boolean;
  /** What of it is told; undefined while there is nothing to tell. */
  valueOf(rest: string, nowMs: number): unknown;
}

interface KnownTopic {
  version: number;
  atMs: number;
  source: unknown;
  json: string;
}

const TOPIC_MS = 950;

function topicKinds(cluster: Cluster): Record<string, TopicKind> {
  const heat = createHeat(cluster);
  const heatOf = (rest: string, nowMs: number) => {
    if (rest === 'layout') return heat.layout(nowMs);
    return isHeatMetric(rest) ? heat.figures(rest, nowMs) : undefined;
  };
  return {
    recent: {
      nodeOf: (node) => node,
      sourceOf: (node) => cluster.node(node)?.report,
      isBehind: () => false,
      valueOf: cluster.recentPoint,
    },
    heat: {
      nodeOf: (rest) => (isHeatMetric(rest) ? null : undefined),
      sourceOf: heatOf,
      isBehind: () => heat.isBehind,
      valueOf: (rest, nowMs) => ({ topic: `heat ${rest}`, ...heatOf(rest, nowMs) }),
    },
  };
}

/** Words before and behind the first blank. */
function splitTopic(topic: string): [kind: string, rest: string] {
  const blank = topic.indexOf(' ');
  return blank < 0 ? [topic, ''] : [topic.slice(0, blank), topic.slice(blank + 1)];
}

/** Versions are those of the feed. */
export function createTopics(cluster: Cluster): Topics {
  const kinds = new Map(Object.entries(topicKinds(cluster)));
  const known = new Map<string, KnownTopic>();

  function take(topic: string, version: number, nowMs: number): boolean {
    const [word, rest] = splitTopic(topic);
    const kind = kinds.get(word);
    const source = kind?.sourceOf(rest, nowMs);
    const kept = known.get(topic);
    if (kind === undefined || source === undefined || source === kept?.source) return false;
    if (kept && nowMs - kept.atMs < TOPIC_MS) return false;
    const value = kind.valueOf(rest, nowMs);
    if (value === undefined) return false;
    const json = JSON.stringify({ topic, value });
    // What comes to the same need not be sent again.
    const isNew = kept?.json !== json;
    known.set(topic, { version: isNew ? version : kept.version, atMs: nowMs, source, json });
    return isNew;
  }

  return {
    nodeOf(topic) {
      const [word, rest] = splitTopic(topic);
      return kinds.get(word)?.nodeOf(rest);
    },
    update(topics, version, nowMs) {
      let changed = false;
      const wanted = new Set(topics);
      for (const topic of known.keys()) if (!wanted.has(topic)) known.delete(topic);
      for (const topic of wanted) if (take(topic, version, nowMs)) changed = true;
      return changed;
    },
    arePending: (topics, nowMs) =>
      Array.from(topics).some((topic) => {
        const [word, rest] = splitTopic(topic);
        const kept = known.get(topic);
        const kind = kinds.get(word);
        return kept && kind && (kind.isBehind() || kind.sourceOf(rest, nowMs) !== kept.source);
      }),
    changeJson(topic, since) {
      const kept = known.get(topic);
      return kept && kept.version > since ? kept.json : null;
    },
  };
}
