import type { WebDependencies } from '../dependencies.ts';
import type { Cluster } from './cluster.ts';

/** What is live beside rows and pages: `recent NODE`, the newest figures of a node for its charts. */
export interface Topics {
  /** The node that a topic is about; null for all. */
  nodeOf(topic: string): string | null;
  /** Makes the topics anew, each at most once a second; false where nothing changed. */
  update(topics: Iterable<string>, version: number, nowMs: number): boolean;
  /** As JSON, what somebody needs of a topic who has it up to `since`; null for nothing. */
  changeJson(topic: string, since: number): string | null;
}

interface KnownTopic {
  version: number;
  atMs: number;
  /** What it was made of. */
  source: unknown;
  json: string;
}

const TOPIC_MS = 950;
const RECENT = 'recent ';

export function createTopics(
  cluster: Cluster,
  { recentPoint }: Pick<WebDependencies, 'recentPoint'>,
): Topics {
  const known = new Map<string, KnownTopic>();

  function sourceOf(topic: string): unknown {
    return topic.startsWith(RECENT) ? cluster.node(topic.slice(RECENT.length))?.report : undefined;
  }

  function take(topic: string, version: number, nowMs: number): boolean {
    const source = sourceOf(topic);
    const kept = known.get(topic);
    if (source === undefined || source === kept?.source) return false;
    if (kept && nowMs - kept.atMs < TOPIC_MS) return false;
    const value = recentPoint(topic.slice(RECENT.length));
    if (value === undefined) return false;
    known.set(topic, { version, atMs: nowMs, source, json: JSON.stringify({ topic, value }) });
    return true;
  }

  return {
    nodeOf: (topic) => (topic.startsWith(RECENT) ? topic.slice(RECENT.length) : null),
    update(topics, version, nowMs) {
      let changed = false;
      const wanted = new Set(topics);
      for (const topic of known.keys()) if (!wanted.has(topic)) known.delete(topic);
      for (const topic of wanted) if (take(topic, version, nowMs)) changed = true;
      return changed;
    },
    changeJson(topic, since) {
      const kept = known.get(topic);
      return kept && kept.version > since ? kept.json : null;
    },
  };
}
