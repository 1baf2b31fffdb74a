import { heatLevel } from '../../../static/shared/heat-scale.js';
import type { Cluster } from '../../cluster/cluster.ts';
import {
  type HeatCell,
  type HeatMetric,
  heatCells,
  heatMetrics,
  heatUses,
  nodeHeatCell,
} from '../../render/heat.ts';
import type { NodeReport } from '../../report/node-report.ts';
import type { HeatFigures, HeatLayout } from '../wire.ts';

/**
 * The heat map of all GPUs (of a cluster without any, of all nodes) as it travels, made at most once a second for all viewers. Where the cells are changes
 * seldom, what they show all the time: the first is told apart, and each of its versions has a number.
 */
export interface Heat {
  /** The cluster is another one than what was told last. */
  readonly isBehind: boolean;
  layout(nowMs: number): HeatLayout;
  figures(metric: HeatMetric, nowMs: number): HeatFigures;
}

/** What a node adds, for as long as its report is the same. */
interface Piece {
  cells: HeatCell[];
  row: HeatLayout['nodes'][number];
  rowJson: string;
  uses: string;
  levels: Partial<Record<HeatMetric, string>>;
}

const ROUND_MS = 950;
/** Models whose limit nobody tells; names come from nodes. */
const MOST_MODELS = 200;

/** Whether a topic names a figure of the map. */
export const isHeatMetric = (word: string): word is HeatMetric =>
  (heatMetrics as readonly string[]).includes(word);

function makePiece(report: NodeReport, cells: HeatCell[]): Piece {
  const labels = cells.map(({ label }) => label);
  const isCounted = labels.every((label, at) => label === String(at));
  const row: Piece['row'] = [report.name, report.state, isCounted ? labels.length : labels];
  const uses = cells.map(({ use }) => heatUses[use]).join('');
  return { cells, row, rowJson: JSON.stringify(row), uses, levels: {} };
}

/** Without a limit, the highest power that was seen of a model is the end of its scale. */
function createPowerScales() {
  const highest = new Map<string, number>();
  let version = 0;
  const keyOf = (model: string) => (highest.has(model) || highest.size < MOST_MODELS ? model : '');
  return {
    get version() {
      return version;
    },
    take({ cells }: Piece): void {
      for (const { unlimited } of cells) {
        if (unlimited === null) continue;
        const key = keyOf(unlimited.model);
        if ((highest.get(key) ?? 0) >= unlimited.powerWatts) continue;
        highest.set(key, unlimited.powerWatts);
        version += 1;
      }
    },
    shareOf({ model, powerWatts }: NonNullable<HeatCell['unlimited']>): number | null {
      const most = highest.get(keyOf(model)) ?? 0;
      return most > 0 ? powerWatts / most : null;
    },
  };
}

/** Made anew when somebody asks and the cluster is another one. */
export function createHeat(cluster: Pick<Cluster, 'generation' | 'nodes'>): Heat {
  const known = { gpus: new WeakMap<NodeReport, Piece>(), nodes: new WeakMap<NodeReport, Piece>() };
  const scales = createPowerScales();
  let pieces: Piece[] = [];
  let layout: HeatLayout = { version: 0, of: 'gpus', nodes: [] };
  let layoutJson = '';
  let madeOf = -1;
  let atMs = Number.NEGATIVE_INFINITY;
  let figures = new Map<HeatMetric, HeatFigures>();
  let scaleVersion = 0;

  function pieceOf(report: NodeReport, of: HeatLayout['of']): Piece {
    const kept = known[of].get(report);
    if (kept) return kept;
    const piece = makePiece(report, of === 'gpus' ? heatCells(report) : [nodeHeatCell(report)]);
    scales.take(piece);
    known[of].set(report, piece);
    return piece;
  }

  /** Nodes stand in for GPUs once one has said that it has none, and none has said that it has one. */
  function takePieces(): HeatLayout['of'] {
    const reports = cluster.nodes().map(({ report }) => report);
    pieces = reports.map((report) => pieceOf(report, 'gpus')).filter(({ cells }) => cells.length > 0);
    const hasNone = reports.some(({ state, sample }) => state === 'live' && sample?.gpus?.length === 0);
    if (pieces.length > 0 || !hasNone) return 'gpus';
    pieces = reports.map((report) => pieceOf(report, 'nodes'));
    return 'nodes';
  }

  function refresh(nowMs: number): void {
    if (cluster.generation === madeOf || nowMs - atMs < ROUND_MS) return;
    madeOf = cluster.generation;
    atMs = nowMs;
    figures = new Map();
    const of = takePieces();
    const json = of + pieces.map(({ rowJson }) => rowJson).join();
    if (json !== layoutJson || layout.version === 0)
      layout = { version: layout.version + 1, of, nodes: pieces.map(({ row }) => row) };
    layoutJson = json;
    if (scaleVersion === scales.version) return;
    scaleVersion = scales.version;
    for (const piece of pieces) delete piece.levels.power;
  }

  function levelsOf(piece: Piece, metric: HeatMetric): string {
    piece.levels[metric] ??= piece.cells
      .map(({ shares, unlimited }) =>
        heatLevel(metric === 'power' && unlimited ? scales.shareOf(unlimited) : shares[metric]),
      )
      .join('');
    return piece.levels[metric];
  }

  return {
    get isBehind() {
      return cluster.generation !== madeOf;
    },
    layout(nowMs) {
      refresh(nowMs);
      return layout;
    },
    figures(metric, nowMs) {
      refresh(nowMs);
      const made = figures.get(metric) ?? {
        version: layout.version,
        levels: pieces.map((piece) => levelsOf(piece, metric)).join(''),
        uses: pieces.map(({ uses }) => uses).join(''),
      };
      figures.set(metric, made);
      return made;
    },
  };
}
