/** Calls of a thread's functions, by messages. */

interface Call {
  id: number;
  name: string;
  parameters: readonly unknown[];
}

type Answer = { id: number } & ({ result: unknown } | { error: string });

/** A thread, or the way back to who started it. */
interface Port {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

type Callable = Record<string, (...parameters: never[]) => Promise<unknown>>;

const sentence = (error: unknown) => (error instanceof Error ? error.message : String(error));

const OPEN_AGAIN_MS = 5_000;

/**
 * Answers each call with the function of its name. Calls wait until the functions are there. Where they fail to come, all
 * fail, and some seconds later a call tries again: a full disk gets room, and a folder its rights.
 */
export function answerCalls(port: Port, open: () => Promise<object>, againMs = OPEN_AGAIN_MS): void {
  let coming = open();
  let failedMs: number | null = null;
  const watchOpening = () =>
    coming.catch(() => {
      failedMs = performance.now();
    });
  watchOpening();
  port.on('message', async (message) => {
    const { id, name, parameters } = message as Call;
    if (failedMs !== null && performance.now() - failedMs >= againMs) {
      failedMs = null;
      coming = open();
      watchOpening();
    }
    try {
      const functions = (await coming) as Callable;
      const result = await functions[name]?.(...(parameters as never[]));
      port.postMessage({ id, result } satisfies Answer);
    } catch (error) {
      port.postMessage({ id, error: sentence(error) } satisfies Answer);
    }
  });
}

export interface Caller {
  /** Rejects with the sentence that the thread says. */
  call(name: string, parameters: readonly unknown[]): Promise<unknown>;
  /** Fails all that are still under way, and all that come. */
  fail(reason: string): void;
}

/** The way to call what `answerCalls` answers at the other end. */
export function createCaller(port: Port): Caller {
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let nextId = 0;
  let failed: string | null = null;
  port.on('message', (message) => {
    const answer = message as Answer;
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('error' in answer) call?.reject(new Error(answer.error));
    else call?.resolve(answer.result);
  });
  return {
    call(name, parameters) {
      if (failed !== null) return Promise.reject(new Error(failed));
      const id = nextId++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        port.postMessage({ id, name, parameters } satisfies Call);
      });
    },
    fail(reason) {
      // The first one says why; what follows from it does not.
      failed ??= reason;
      for (const { reject } of waiting.values()) reject(new Error(failed));
      waiting.clear();
    },
  };
}
