/**
 * Who looks at what: the head asks the nodes that somebody looks at for fresh figures, and the others seldom.
 * `null` stands for all nodes.
 */
export interface Watching {
  /** Somebody looks from now on, until the result is called. */
  look(node: string | null): () => void;
  /** Somebody looked once and may look again: counts for a while. */
  glance(node: string | null): void;
  /** Forgets everybody and ends all timers. */
  close(): void;
}

/** Called with what is looked at whenever that changes. */
export type Watch = (isWatched: (name: string) => boolean) => void;

/** Who reloads a page or repeats a command does so within this. */
const GLANCE_MS = 15_000;
/** A page that is reloaded is gone for a moment. */
const LEAVE_MS = 500;

/** `watch` is called with a test of names whenever what is looked at changes. */
export function createWatching(watch: Watch): Watching {
  const lookers = new Map<string | null, number>();
  const timers = new Set<NodeJS.Timeout>();

  function count(node: string | null, step: 1 | -1): void {
    const before = lookers.get(node) ?? 0;
    if (before + step === 0) lookers.delete(node);
    else lookers.set(node, before + step);
    if (before === 0 || before + step === 0) tell();
  }

  function tell(): void {
    const all = lookers.has(null);
    const names = new Set(lookers.keys());
    watch((name) => all || names.has(name));
  }

  function later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      action();
    }, ms);
    timers.add(timer);
  }

  function look(node: string | null): () => void {
    let looks = true;
    count(node, 1);
    return () => {
      if (looks) later(LEAVE_MS, () => count(node, -1));
      looks = false;
    };
  }

  return {
    look,
    glance: (node) => later(GLANCE_MS, look(node)),
    close() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      lookers.clear();
    },
  };
}
