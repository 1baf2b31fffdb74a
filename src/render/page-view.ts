import type { NodeState } from '../protocol/node.ts';
import type { GpuCounts } from '../protocol/gpu-use.ts';

/** What a design can show around the nodes. */
export interface PageView {
  /** For the window's title. */
  title: string;
  version: string;
  demo: boolean;
  nodeCount: number;
  liveNodes: number;
  gpuCount: number;
  gpusInUse: number;
  gpusFree: number;
  /** Lost, failing, or on a node that is not live. */
  gpusOut: number;
  problems: string[];
  /** The one node that the page is about, or null. */
  onlyNode: string | null;
}

export interface NodeTally extends GpuCounts {
  state: NodeState;
}

export interface PageFacts {
  version: string;
  demo: boolean;
  problems: string[];
  onlyNode: string | null;
}

/** Adds up what the nodes' reports come to. Pure. */
export function viewPage(facts: PageFacts, nodes: Iterable<NodeTally>): PageView {
  const sum = { nodeCount: 0, liveNodes: 0, gpuCount: 0, gpusInUse: 0, gpusFree: 0, gpusOut: 0 };
  for (const { state, total, free, busy, heldIdle, out } of nodes) {
    sum.nodeCount += 1;
    sum.liveNodes += state === 'live' ? 1 : 0;
    sum.gpuCount += total;
    sum.gpusFree += free;
    sum.gpusInUse += busy + heldIdle;
    sum.gpusOut += out;
  }
  const title = facts.onlyNode ?? 'Cluster Resource Monitor';
  return { title, ...facts, ...sum };
}
