import type { SecretRequest } from './secret-request.ts';
import type { Waiting } from './trials.ts';

/** What several nodes failed for. */
export interface Wanted {
  request: SecretRequest;
  nodes: Set<string>;
}

export interface WantedSecrets {
  add(node: string, request: SecretRequest): void;
  forgetNode(node: string): void;
  /** Who waits for it; empty where nobody does. */
  waitingFor(requestId: string): Waiting[];
  all(): Wanted[];
}

/** Begins with no node that waits. */
export function createWantedSecrets(): WantedSecrets {
  const wanted = new Map<string, Wanted>();
  return {
    add(node, request) {
      const entry = wanted.get(request.id) ?? { request, nodes: new Set() };
      entry.nodes.add(node);
      wanted.set(request.id, entry);
    },
    forgetNode(node) {
      for (const [id, entry] of wanted) {
        entry.nodes.delete(node);
        if (entry.nodes.size === 0) wanted.delete(id);
      }
    },
    waitingFor: (requestId) => [...(wanted.get(requestId)?.nodes ?? [])].map((node) => ({ requestId, node })),
    all: () => [...wanted.values()],
  };
}
