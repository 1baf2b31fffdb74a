import { Worker } from 'node:worker_threads';
import { createCaller } from './calls.ts';
import type { HistoryService } from './service.ts';
import type { HistorySettings } from './settings.ts';

/** A store that does not answer must not keep a head from its end. */
const CLOSE_LIMIT_MS = 3_000;
export interface ThreadedHistory extends HistoryService {
  /** Whatever the thread does, it has ended after so long. */
  close(limitMs?: number): Promise<void>;
}

/**
 * History in a thread of its own. What goes wrong there is a sentence of every answer from then on, and never ends the
 * head. `file`: the thread's program.
 */
export function openInThread(file: string, settings: HistorySettings): ThreadedHistory {
  const worker = new Worker(file, { workerData: settings, resourceLimits: { maxOldGenerationSizeMb: 512 } });
  worker.unref();
  const caller = createCaller(worker);
  worker.on('error', (error) =>
    caller.fail(
      `the thread of the history ended: ${error.message}; it begins again with the head's next start`,
    ),
  );
  worker.on('exit', () => caller.fail('the thread of the history has ended'));
  const call = <Result>(name: keyof HistoryService, ...parameters: unknown[]) =>
    caller.call(name, parameters) as Promise<Result>;
  return {
    append: (points) => call('append', points),
    history: (question) => call('history', question),
    frame: (atMs) => call('frame', atMs),
    observe: (seen) => call('observe', seen),
    past: (atMs) => call('past', atMs),
    events: (node, fromMs, toMs) => call('events', node, fromMs, toMs),
    writeLedger: (batch) => call('writeLedger', batch),
    openJobs: () => call('openJobs'),
    ledger: (question) => call('ledger', question),
    jobs: (question) => call('jobs', question),
    hasUser: (name) => call('hasUser', name),
    hasJob: (key) => call('hasJob', key),
    async status() {
      try {
        return await call('status');
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        return {
          state: 'failing',
          problem,
          place: settings.folder,
          engine: null,
          sizeBytes: null,
          sinceMs: null,
        };
      }
    },
    async close(limitMs = CLOSE_LIMIT_MS) {
      worker.ref();
      const limit = new Promise<void>((resolve) => setTimeout(resolve, limitMs).unref());
      await Promise.race([call('close').catch(() => undefined), limit]);
      await worker.terminate();
    },
  };
}
