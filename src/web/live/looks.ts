import type { Viewer } from './viewers.ts';

/** Who looks at which nodes; null stands for all of them. */
export interface Looks {
  /** What a viewer looks at from now on; nothing forgets him. */
  set(viewer: Viewer, nodes: Iterable<string | null>): void;
  /** Whether somebody looks at this one by name. */
  areAt(name: string): boolean;
}

/** `look` tells the head that somebody looks at a node, until its result is called. */
export function createLooks(look: (node: string | null) => () => void): Looks {
  const looks = new Map<Viewer, Map<string | null, () => void>>();
  let inSight = new Set<string | null>();
  return {
    set(viewer, nodes) {
      const before = looks.get(viewer) ?? new Map<string | null, () => void>();
      const now = new Map<string | null, () => void>();
      for (const node of nodes) now.set(node, before.get(node) ?? look(node));
      for (const [node, leave] of before) if (!now.has(node)) leave();
      if (now.size > 0) looks.set(viewer, now);
      else looks.delete(viewer);
      inSight = new Set([...looks.values()].flatMap((own) => [...own.keys()]));
    },
    areAt: (name) => inSight.has(name),
  };
}
