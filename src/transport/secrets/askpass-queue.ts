import type { AskpassProgram } from './askpass-program.ts';
import { promptOf, type SecretRequest } from './secret-request.ts';

export interface AskpassQueue {
  /** Asks once and no more. */
  ask(request: SecretRequest): void;
  stop(): void;
}

/** One program at a time: two dialogs over each other help nobody. What `isKnown` by its turn is not asked. */
export function createAskpassQueue(
  program: AskpassProgram,
  isKnown: (request: SecretRequest) => boolean,
  onSecret: (request: SecretRequest, secret: string) => void,
): AskpassQueue {
  const asked = new Set<string>();
  const stop = new AbortController();
  let queue: Promise<void> = Promise.resolve();

  return {
    ask(request) {
      if (asked.has(request.id)) return;
      asked.add(request.id);
      queue = queue.then(async () => {
        if (isKnown(request) || stop.signal.aborted) return;
        const secret = await program(promptOf(request), stop.signal);
        if (secret !== null) onSecret(request, secret);
      });
    },
    stop: () => stop.abort(),
  };
}
