import type { HistoryAnswer, HistoryQuestion, HistoryStatus } from '../report/history.ts';
import { historyAnswer, rangeQuestion } from './answer.ts';
import { createEngine, type NodePoint } from './engine/engine.ts';
import type { FrameNode } from './engine/frames.ts';
import { findSqlite } from './sqlite/sqlite.ts';
import { createSqliteStore } from './sqlite/sqlite-store.ts';
import type { KeptDays } from './tiers.ts';

/** What a history is opened with. Plain data: it goes to a thread. */
export interface HistorySettings {
  /** Where its files are. */
  folder: string;
  keptDays: KeptDays;
  mostBytes: number | null;
}

/** All that is asked of history, wherever it is done. Parameters and results are plain data. */
export interface HistoryService {
  /** Takes points in; call about once a second, also without any: what has become due is done then. */
  append(points: readonly NodePoint[]): Promise<void>;
  history(question: HistoryQuestion): Promise<HistoryAnswer>;
  /** The nodes that were heard in that minute. */
  frame(atMs: number): Promise<FrameNode[]>;
  status(): Promise<HistoryStatus>;
  close(): Promise<void>;
}

/** Rejects with a sentence where history cannot be kept. */
export async function openService({ folder, keptDays, mostBytes }: HistorySettings): Promise<HistoryService> {
  const store = createSqliteStore({ folder, sqlite: await findSqlite() });
  const engine = await createEngine({ store, keptDays, mostBytes });
  return {
    async append(points) {
      await engine.append(points);
      // The next seconds are taken in while it goes on.
      void engine.work();
    },
    history: async (question) => historyAnswer(question, await engine.range(rangeQuestion(question))),
    frame: engine.frame,
    async status() {
      const problem = engine.problem();
      const damages = engine.damages();
      return {
        state: problem === null ? 'on' : 'failing',
        problem: problem === null ? (damages.at(-1) ?? null) : `history is not written: ${problem}`,
        place: store.place,
        engine: store.engine,
        sizeBytes: await store.sizeBytes(),
        sinceMs: await engine.sinceMs(),
      };
    },
    close: engine.close,
  };
}
