import type { GpuUse } from '../report/gpu-use.ts';
import { describeUse, useWords } from '../report/gpu-words.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterGpu } from '../report/rows.ts';
import { type GpuView, viewGpus } from './gpu-view.ts';
import { ageLimitMs, stateWords } from './node-state.ts';

/** One GPU in the table of all GPUs. */
export interface GpuRowView extends GpuView {
  node: string;
  nodePath: string;
  nodeState: NodeReport['state'];
  nodeStateWord: string;
  nodeStateMark: string;
  use: GpuUse;
  useWord: string;
  /** A shape for the use, so that colour is not the only sign. */
  useMark: string;
  users: string;
  ageLimitMs: number;
}

/** All of a node's GPUs are viewed at once, and asked for one by one. */
const viewsByReport = new WeakMap<NodeReport, Map<number, GpuView>>();

function viewsOf(report: NodeReport): Map<number, GpuView> {
  const known = viewsByReport.get(report);
  if (known) return known;
  const views = new Map(viewGpus(report).map((view) => [view.index, view]));
  viewsByReport.set(report, views);
  return views;
}

/**
 * Figures of a node that is not live are old: its GPUs are not free, whatever they said. While it connects that is no
 * trouble yet.
 */
function useNow(gpu: ClusterGpu, { state }: NodeReport): GpuUse {
  if (state === 'live') return gpu.use;
  return state === 'connecting' ? 'unknown' : 'out';
}

/** `node`: the report of its node. Null where that has lost the GPU meanwhile. Pure. */
export function viewGpuRow(gpu: ClusterGpu, node: NodeReport): GpuRowView | null {
  const view = viewsOf(node).get(gpu.index);
  if (view === undefined) return null;
  const state = stateWords[node.state];
  const use = useNow(gpu, node);
  return {
    ...view,
    node: gpu.node,
    nodePath: `/nodes/${encodeURIComponent(gpu.node)}`,
    nodeState: node.state,
    nodeStateWord: state.word,
    nodeStateMark: state.mark,
    use,
    useWord: describeUse(gpu, use),
    useMark: useWords[use].mark,
    users: gpu.users.join(', '),
    ageLimitMs: ageLimitMs(node),
  };
}
