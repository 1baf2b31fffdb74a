import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { createRecorder, type Recorder } from '../history/recorder.ts';
import type { HistoryService } from '../history/service.ts';
import { openInThread } from '../history/thread.ts';
import type { HistoryStatus } from '../report/history.ts';

/** What a head keeps of former times, and what is asked of it. */
export interface HeadHistory {
  note: Recorder['note'];
  /** Null where nothing is kept. */
  service: HistoryService | null;
  /** As it was said last, at most some seconds ago. */
  status(): HistoryStatus;
  close(): Promise<void>;
}

const APPEND_EVERY_MS = 1_000;
const ASK_EVERY_MS = 5_000;

const OFF: HistoryStatus = {
  state: 'off',
  problem: null,
  place: null,
  engine: null,
  sizeBytes: null,
  sinceMs: null,
};

/** Opens it, or says in its status why not: a head watches without it too. `onProblem`: what is wrong is another now. */
export function openHistory(
  config: Pick<Config, 'history' | 'projectFolder'>,
  onProblem: () => void,
): HeadHistory {
  if (config.history === null)
    return { note: () => undefined, service: null, status: () => OFF, close: async () => undefined };
  const service = openInThread(join(config.projectFolder, 'dist', 'history-worker.js'), config.history);
  const recorder = createRecorder();
  let status: HistoryStatus = { ...OFF, state: 'on', place: config.history.folder };
  const append = () => service.append(recorder.take()).catch(() => undefined);
  const ask = async () => {
    const before = status.problem;
    status = await service.status();
    if (status.problem !== before) onProblem();
  };
  const timers = [setInterval(append, APPEND_EVERY_MS), setInterval(ask, ASK_EVERY_MS)];
  void ask();
  return {
    note: recorder.note,
    service,
    status: () => status,
    async close() {
      timers.forEach(clearInterval);
      await append();
      await service.close();
    },
  };
}
