import type { System } from '../../../system.ts';
import { type GpuRow, withoutFigures } from '../../row-book.ts';
import type { ToolState } from '../../tools/tool-loop.ts';
import { createNvidiaGpuList, factsOfListed, listNvidiaGpus } from '../nvidia-proc.ts';

/** The GPUs that the tool has told of, and those that it ought to tell of. */
export interface SmiGpuRows {
  take(row: GpuRow, atMs: number): void;
  isEmpty(): boolean;
  /** Rows that are at most `maxAgeMs` old. */
  fresh(nowMs: number, maxAgeMs: number): GpuRow[];
  /** Rows of GPUs that the kernel module lists and the tool does not, or no longer, answer for. */
  lost(present: readonly GpuRow[]): GpuRow[];
  /** The GPUs while the tool gives no figures: those it named, else those that the kernel module lists. */
  silent(state: ToolState, error: string): GpuRow[];
}

/** `errorOf`: what is known to be wrong with the GPU at an address. */
export function createSmiGpuRows(
  system: System,
  errorOf: (pciAddress: string) => string | undefined,
): SmiGpuRows {
  const rows = new Map<number, { row: GpuRow; atMs: number }>();
  const listGpus = createNvidiaGpuList(system);

  return {
    take(row, atMs) {
      rows.set(row.facts.index, { row, atMs });
    },
    isEmpty: () => rows.size === 0,
    fresh: (nowMs, maxAgeMs) =>
      Array.from(rows.values()).flatMap(({ row, atMs }) => (nowMs - atMs <= maxAgeMs ? row : [])),
    lost(present) {
      const seen = new Set(present.map((row) => row.facts.pciAddress));
      const known = new Map(Array.from(rows.values(), ({ row }) => [row.facts.pciAddress, row.facts]));
      return listGpus().flatMap((listed, position) => {
        if (seen.has(listed.pciAddress)) return [];
        const facts = known.get(listed.pciAddress) ?? factsOfListed(listed, position);
        const error = errorOf(listed.pciAddress) ?? 'nvidia-smi does not list this GPU any more';
        return withoutFigures(facts, 'lost', error);
      });
    },
    silent(state, error) {
      if (rows.size > 0)
        return Array.from(rows.values(), ({ row }) => withoutFigures(row.facts, 'error', error));
      const isFirstTry = state.kind === 'starting' && state.after === null;
      if (isFirstTry || state.kind === 'ticking') return [];
      return listNvidiaGpus(system).map((listed, position) =>
        withoutFigures(factsOfListed(listed, position), 'error', error),
      );
    },
  };
}
