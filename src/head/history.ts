import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { createLedger } from '../history/ledger/ledger.ts';
import { createPastWatcher } from '../history/past/watcher.ts';
import { createRecorder } from '../history/recorder.ts';
import type { HistoryService } from '../history/service.ts';
import { openInThread } from '../history/thread.ts';
import { guarded } from '../lib/guarded.ts';
import type { SampleBrief } from '../protocol/sample-brief.ts';
import type { HistoryStatus } from '../report/history.ts';
import type { State } from '../state/state.ts';

/** What a head keeps of former times, and what is asked of it. */
export interface HeadHistory {
  /** Every sample, as `createState` tells it. */
  note(name: string, brief: SampleBrief, atMs: number, isPast: boolean): void;
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
const NOTHING: HeadHistory = {
  note: () => undefined,
  service: null,
  status: () => OFF,
  close: async () => undefined,
};

type Sources = Pick<State, 'states' | 'report'>;

/**
 * Opens it, or says in its status why not: a head watches without it too. `stateNow`: there is one before the first
 * sample. `onProblem`: what is wrong is another now.
 */
export function openHistory(
  config: Pick<Config, 'history' | 'projectFolder'>,
  writer: string,
  stateNow: () => Sources,
  onProblem: () => void,
): HeadHistory {
  if (config.history === null) return NOTHING;
  const service = openInThread(join(config.projectFolder, 'dist', 'history-worker.js'), config.history);
  const recorder = createRecorder();
  const watcher = createPastWatcher();
  const ledger = createLedger(writer);
  let status: HistoryStatus = { ...OFF, state: 'on', place: config.history.folder };

  function look(name: string, atMs: number): void {
    const report = stateNow().report(name);
    if (report === undefined) return;
    ledger.look(report, { monotonicMs: performance.now(), epochMs: atMs });
    watcher.look(report, atMs);
  }

  async function write(): Promise<void> {
    const nowMs = Date.now();
    for (const name of watcher.noteStates(stateNow().states(), nowMs)) {
      const report = stateNow().report(name);
      if (report !== undefined) watcher.look(report, nowMs);
    }
    const seen = watcher.take();
    const points = service.append(recorder.take());
    if (seen.snapshots.length + seen.events.length > 0)
      await service.observe(seen).catch(() => watcher.giveBack(seen));
    await points.catch(() => undefined);
  }

  async function ask(): Promise<void> {
    const before = status.problem;
    status = await service.status();
    if (status.problem !== before) onProblem();
  }

  const timers = [
    setInterval(() => guarded('the history', () => void write(), undefined), APPEND_EVERY_MS),
    setInterval(() => void ask(), ASK_EVERY_MS),
  ];
  void ask();
  return {
    note(name, brief, atMs, isPast) {
      recorder.note(name, brief, atMs);
      if (isPast) return;
      const isDue = ledger.note(name, brief, { monotonicMs: performance.now(), epochMs: atMs });
      if (isDue) guarded(`the ledger's look at ${name}`, () => look(name, atMs), undefined);
    },
    service,
    status: () => status,
    async close() {
      timers.forEach(clearInterval);
      await write();
      await service.close();
    },
  };
}
