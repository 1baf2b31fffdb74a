import type { BlobStore } from './blob-store.ts';
import { createEngine, type Engine, type EngineOptions, type NodePoint } from './engine/engine.ts';

/** A store, and the engine that writes its figures. */
export interface Keeping {
  store: BlobStore;
  engine: Engine;
}

/** Where history is kept, and what is done while it cannot be reached. */
export interface Keeper {
  /** Whom questions go to. */
  now(): Keeping;
  /** Takes points in; what has become due is done afterwards, while the next seconds are taken in. */
  append(points: readonly NodePoint[]): Promise<void>;
  /** Writes something else. Rejects where it cannot be written. The same may be written twice. */
  write(action: (store: BlobStore) => Promise<void>): Promise<void>;
  /** Why it is not as it should be, and whether nothing is written at all; null where all is well. */
  problem(): { text: string; isWritten: boolean } | null;
  /** As `BlobStore.place`. */
  place: string;
  close(): Promise<void>;
}

/** Goes on where the store was left, and closes it where it cannot be read. */
export async function openKeeping(store: BlobStore, options: Omit<EngineOptions, 'store'>): Promise<Keeping> {
  try {
    return { store, engine: await createEngine({ ...options, store }) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** One store, and no other. */
export function createLocalKeeper(keeping: Keeping): Keeper {
  const { store, engine } = keeping;
  return {
    now: () => keeping,
    async append(points) {
      await engine.append(points);
      void engine.work();
    },
    write: (action) => action(store),
    problem() {
      const text = engine.problem();
      return text === null ? null : { text, isWritten: false };
    },
    place: store.place,
    close: engine.close,
  };
}
