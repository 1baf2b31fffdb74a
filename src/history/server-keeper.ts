import { createTurns } from '../lib/in-turn.ts';
import { createBringUp } from './bring-up.ts';
import type { Keeper, Keeping } from './keeper.ts';

/**
 * A database on another machine. While it cannot be reached, all goes into a store of this machine that has nothing else;
 * once it can be reached again, that is brought up to it and removed. What a store said is written counts, never what was
 * sent: an engine whose store failed is given up, and what it had is read anew.
 */

export interface ServerKeeperOptions {
  /** As `BlobStore.place`. */
  place: string;
  openServer(): Promise<Keeping>;
  /** Of this machine. */
  openWaiting(): Promise<Keeping>;
  /** Whether an earlier head left something in it. */
  hasWaiting(): boolean;
  removeWaiting(): void;
}

const TRY_EVERY_MS = 5_000;
const sentence = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Rejects only where this machine's own store cannot be opened, and is needed. */
export async function openServerKeeper(options: ServerKeeperOptions): Promise<Keeper> {
  let server: Keeping | null = null;
  let waiting: Keeping | null = null;
  let problem: string | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isClosed = false;

  /** For what is written, and the change from one store to the other. */
  const inTurn = createTurns();

  async function here(): Promise<Keeping> {
    waiting ??= await options.openWaiting();
    return waiting;
  }

  async function lose(reason: string): Promise<void> {
    problem = reason;
    const lost = server;
    server = null;
    void lost?.store.close().catch(() => undefined);
    tryLater();
    await here();
  }

  function tryLater(): void {
    if (isClosed || timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      void reach();
    }, TRY_EVERY_MS);
    timer.unref();
  }

  async function reach(): Promise<void> {
    try {
      const opened = await options.openServer();
      try {
        await takeUp(opened);
      } catch (error) {
        void opened.store.close().catch(() => undefined);
        throw error;
      }
    } catch (error) {
      problem = sentence(error);
      tryLater();
    }
  }

  /** From then on it is the one that is written. */
  async function takeUp(opened: Keeping): Promise<void> {
    const left = waiting ?? (options.hasWaiting() ? await here() : null);
    const bringUp = left && createBringUp(left, opened);
    await bringUp?.closed();
    await opened.engine.work();
    const refused = opened.engine.problem();
    if (refused !== null) throw new Error(refused);
    await inTurn(async () => {
      if (isClosed) throw new Error('the history is closed');
      // It may have been opened since.
      if (waiting !== null) await (bringUp ?? createBringUp(waiting, opened)).open();
      server = opened;
      problem = null;
      await waiting?.engine.close();
      waiting = null;
      if (options.hasWaiting()) options.removeWaiting();
    });
  }

  if (options.hasWaiting()) {
    // It may be much, and what comes meanwhile is not to wait for it.
    await here();
    problem = `${options.place}: what an earlier head kept on this machine is brought up`;
    void reach();
  } else {
    await reach();
    if (server === null) await here();
  }

  return {
    now() {
      const keeping = server ?? waiting;
      if (keeping === null) throw new Error(problem ?? 'the history is not open yet');
      return keeping;
    },
    append: (points) =>
      inTurn(async () => {
        if (server !== null) {
          await server.engine.append(points);
          const reason = server.engine.problem();
          if (reason === null) return void server.engine.work();
          await lose(reason);
        }
        const { engine } = await here();
        await engine.append(points);
        void engine.work();
      }),
    write: (action) =>
      inTurn(async () => {
        if (server !== null) {
          try {
            return await action(server.store);
          } catch (error) {
            await lose(sentence(error));
          }
        }
        return action((await here()).store);
      }),
    problem() {
      const local = waiting?.engine.problem() ?? null;
      if (local !== null) return { text: local, isWritten: false };
      const text = problem && `${problem}; meanwhile it is kept here, and earlier times cannot be shown`;
      return text === null ? null : { text, isWritten: true };
    },
    place: options.place,
    async close() {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      await inTurn(async () => undefined);
      await server?.engine.close();
      await waiting?.engine.close();
    },
  };
}
