import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { createLedger } from '../history/ledger/ledger.ts';
import { createPastWatcher } from '../history/past/watcher.ts';
import { createRecorder } from '../history/recorder.ts';
import type { HistoryService } from '../history/service.ts';
import { openInThread } from '../history/thread.ts';
import { guarded, sayFault } from '../lib/guarded.ts';
import type { SampleBrief } from '../protocol/sample-brief.ts';
import type { HistoryStatus } from '../report/history.ts';
import type { LedgerReader } from '../report/ledger.ts';
import type { State } from '../state/state.ts';

/** What a head keeps of former times, and what is asked of it. */
export interface HeadHistory {
  /** Every sample, as `createState` tells it. */
  note(name: string, brief: SampleBrief, atMs: number, isPast: boolean): void;
  /** Null where nothing is kept. */
  service: HistoryService | null;
  /** Null likewise. What is written down first is what was not yet. */
  ledger: LedgerReader | null;
  /** As it was said last, at most some seconds ago. */
  status(): HistoryStatus;
  close(): Promise<void>;
}

const APPEND_EVERY_MS = 1_000;
const ASK_EVERY_MS = 5_000;
/** Whoever stops the head kills it after three seconds. */
const LAST_WRITES_MS = 1_500;
const END_MS = 2_500;

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
  ledger: null,
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
  let isRestored = false;
  let listed: ReadonlySet<string> = new Set();
  let writing: Promise<void> | null = null;
  let asking: Promise<void> | null = null;
  let status: HistoryStatus = {
    ...OFF,
    state: 'on',
    place: config.history.url === null ? config.history.folder : null,
  };

  function look(name: string, atMs: number): void {
    const report = stateNow().report(name);
    if (report === undefined) return;
    ledger.look(report, { monotonicMs: performance.now(), epochMs: atMs });
    watcher.look(report, atMs);
  }

  const moment = () => ({ monotonicMs: performance.now(), epochMs: Date.now() });

  /** `all`: for somebody who is about to read. What cannot be written comes again with the next second. */
  async function writeLedger(all: boolean): Promise<void> {
    if (!isRestored) return;
    for (
      let batch = ledger.takeChanges(moment(), { all });
      batch !== null;
      batch = ledger.takeChanges(moment(), { all })
    ) {
      await service.writeLedger(batch);
      ledger.confirm(batch.number);
    }
  }

  /** What ran when the head ended goes on where it is seen again. Where it cannot be read, it is tried with each second. */
  async function restoreLedger(): Promise<void> {
    if (isRestored) return;
    const jobs = await service.openJobs().catch(() => null);
    if (jobs === null || isRestored) return;
    isRestored = true;
    ledger.restore(jobs, moment());
  }

  async function read<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    await writeLedger(true).catch(() => undefined);
    return question();
  }

  /** Nodes that have left the list. */
  function forgetGone(): void {
    const names = new Set(Array.from(stateNow().states(), ({ name }) => name));
    for (const name of listed)
      if (!names.has(name)) for (const room of [ledger, recorder, watcher]) room.forget(name);
    listed = names;
  }

  /** One after the other: while the store does not answer nothing piles up before it. */
  function write(): Promise<void> {
    writing ??= writeSecond()
      .catch((error) => sayFault('the history', error))
      .finally(() => {
        writing = null;
      });
    return writing;
  }

  async function writeSecond(): Promise<void> {
    const nowMs = Date.now();
    forgetGone();
    for (const name of watcher.noteStates(stateNow().states(), nowMs)) {
      const report = stateNow().report(name);
      if (report !== undefined) watcher.look(report, nowMs);
    }
    const seen = watcher.take();
    const points = service.append(recorder.take()).catch(() => undefined);
    if (seen.snapshots.length + seen.events.length > 0)
      await service.observe(seen).catch(() => watcher.giveBack(seen));
    await points;
    await restoreLedger();
    await writeLedger(false).catch(() => undefined);
  }

  function ask(): Promise<void> {
    asking ??= takeStatus()
      .catch((error) => sayFault("the history's status", error))
      .finally(() => {
        asking = null;
      });
    return asking;
  }

  async function takeStatus(): Promise<void> {
    const before = status.problem;
    status = await service.status();
    if (status.problem !== before) onProblem();
  }

  async function writeLast(): Promise<void> {
    await writing;
    await write();
    await writeLedger(true);
  }

  const timers = [
    setInterval(() => void write(), APPEND_EVERY_MS),
    setInterval(() => void ask(), ASK_EVERY_MS),
  ];
  void ask();
  restoreLedger().catch((error) => sayFault('the ledger', error));
  return {
    note(name, brief, atMs, isPast) {
      recorder.note(name, brief, atMs);
      if (isPast || !isRestored) return;
      const isDue = ledger.note(name, brief, { monotonicMs: performance.now(), epochMs: atMs });
      if (isDue) guarded(`the ledger's look at ${name}`, () => look(name, atMs), undefined);
    },
    service,
    ledger: {
      ledger: (question) => read(() => service.ledger(question)),
      jobs: (question) => read(() => service.jobs(question)),
      hasUser: (name) => read(() => service.hasUser(name)),
      hasJob: (key) => read(() => service.hasJob(key)),
    },
    status: () => status,
    async close() {
      timers.forEach(clearInterval);
      const begunMs = performance.now();
      await within(LAST_WRITES_MS, writeLast());
      await service.close(END_MS - (performance.now() - begunMs));
    },
  };
}

/** Waits for it, but no longer, and whatever becomes of it. The timer keeps the process until then. */
async function within(limitMs: number, action: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([action.catch(() => undefined), limit]);
  clearTimeout(timer);
}
