import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { HistoryAnswer, HistoryQuestion, HistoryStatus, PastEvent } from '../report/history.ts';
import type { LedgerReader } from '../report/ledger.ts';
import type { NodeReport } from '../report/node-report.ts';
import { historyAnswer, rangeQuestion } from './answer.ts';
import type { NodePoint } from './engine/engine.ts';
import type { FrameNode } from './engine/frames.ts';
import type { Keeper } from './keeper.ts';
import type { JobRecord, LedgerBatch } from './ledger/records.ts';
import { openKeeper } from './open-keeper.ts';
import { reportAt } from './past/snapshot.ts';
import type { Seen } from './past/watcher.ts';
import type { HistorySettings } from './settings.ts';
import { lockFolder } from './sqlite/folder-lock.ts';
import { type LedgerFile, openLedgerFile } from './sqlite/ledger-file.ts';
import { findSqlite } from './sqlite/sqlite.ts';
import { DAY_MS, FRAME_STEP_MS } from './tiers.ts';

/** All that is asked of history, wherever it is done. Parameters and results are plain data. */
export interface HistoryService extends LedgerReader {
  /** Takes points in; call about once a second, also without any: what has become due is done then. */
  append(points: readonly NodePoint[]): Promise<void>;
  history(question: HistoryQuestion): Promise<HistoryAnswer>;
  /** The nodes that were heard in that minute. */
  frame(atMs: number): Promise<FrameNode[]>;
  /** How nodes are now, and what happened. */
  observe(seen: Seen): Promise<void>;
  /** All nodes as they were in that minute. */
  past(atMs: number): Promise<NodeReport[]>;
  /** Oldest first; `node`: null for all. */
  events(node: string | null, fromMs: number, toMs: number): Promise<PastEvent[]>;
  /** Rejects where it cannot be written; the same again is written once. */
  writeLedger(batch: LedgerBatch): Promise<void>;
  /** For `Ledger.restore`. */
  openJobs(): Promise<JobRecord[]>;
  status(): Promise<HistoryStatus>;
  close(): Promise<void>;
}

/** A chart shows no more, and a list is read by nobody. */
const MOST_EVENTS = 1_000;
const PRUNE_EVERY_MS = 3_600_000;
const MOST_PRUNED = 500;
const SNAPSHOTS_PER_STEP = 50;
const LONGEST_SNAPSHOT_BYTES = 64 * 1024 * 1024;

/** Rejects with a sentence where history cannot be kept. */
export async function openService(settings: HistorySettings): Promise<HistoryService> {
  const { folder, keptDays } = settings;
  const sqlite = await findSqlite();
  const unlock = lockFolder(sqlite, folder);
  /** In the order of opening. */
  const opened: (() => void | Promise<void>)[] = [unlock];
  let keeper: Keeper;
  let ledger: LedgerFile;
  try {
    keeper = await openKeeper(settings, sqlite);
    opened.push(keeper.close);
    ledger = openLedgerFile(sqlite, folder);
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
  /** What could not be written last, beside figures: of each kind its sentence. */
  const unwritten = new Map<string, string>();

  async function writing(what: string, action: () => void | Promise<void>): Promise<void> {
    try {
      await action();
      unwritten.delete(what);
    } catch (error) {
      unwritten.set(what, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  let prunedMs = 0;
  let damagedSnapshot: string | null = null;

  /** Jobs are kept as long as quarters of an hour, what users took for ever. */
  function pruneLedger(): void {
    const nowMs = Date.now();
    if (Math.abs(nowMs - prunedMs) < PRUNE_EVERY_MS) return;
    const jobsBeforeMs = keptDays.quarter === null ? null : nowMs - keptDays.quarter * DAY_MS;
    const hasMore = ledger.prune({ jobsBeforeMs, daysBefore: null, most: MOST_PRUNED });
    if (!hasMore) prunedMs = nowMs;
  }

  /** Null for one that is damaged: the other nodes are told. */
  function readSnapshot(node: string, atMs: number, bytes: Uint8Array): NodeReport | null {
    try {
      return JSON.parse(
        inflateRawSync(bytes, { maxOutputLength: LONGEST_SNAPSHOT_BYTES }).toString(),
      ) as NodeReport;
    } catch {
      damagedSnapshot = `how ${node} was at ${new Date(atMs).toISOString()} is damaged and left out`;
      return null;
    }
  }

  return {
    append: keeper.append,
    async history(question) {
      const { engine, store } = keeper.now();
      const answer = historyAnswer(question, await engine.range(rangeQuestion(question)));
      const { node, fromMs, toMs } = answer;
      return { ...answer, events: await store.readEvents(node, fromMs, toMs, MOST_EVENTS) };
    },
    frame: async (atMs) => keeper.now().engine.frame(atMs),
    observe: ({ snapshots, events }) =>
      writing('what happened', async () => {
        // A store that fails is asked with few. The same snapshot again is one, the same event would be two: they come last.
        for (let at = 0; at < snapshots.length; at += SNAPSHOTS_PER_STEP) {
          const some = snapshots.slice(at, at + SNAPSHOTS_PER_STEP);
          const packed = some.map(({ node, atMs, json }) => ({
            node,
            atMs,
            bytes: deflateRawSync(json, { level: 5 }),
          }));
          await keeper.write((store) => store.writeSnapshots(packed));
        }
        if (events.length > 0) await keeper.write((store) => store.writeEvents(events));
      }),
    async past(atMs) {
      const { engine, store } = keeper.now();
      const heard = new Map((await engine.frame(atMs)).map((node) => [node.name, node]));
      const snapshots = await store.readSnapshots(atMs + FRAME_STEP_MS - 1);
      return snapshots.flatMap(({ node, atMs: sinceMs, bytes }) => {
        const snapshot = readSnapshot(node, sinceMs, bytes);
        return snapshot === null ? [] : [reportAt(snapshot, heard.get(node) ?? null, atMs)];
      });
    },
    events: async (node, fromMs, toMs) => keeper.now().store.readEvents(node, fromMs, toMs, MOST_EVENTS),
    writeLedger: (batch) =>
      writing('the ledger', () => {
        ledger.write(batch);
        pruneLedger();
      }),
    openJobs: async () => ledger.openJobs(),
    ledger: async (question) => ledger.ask((queries) => queries.ledger(question, Date.now())),
    jobs: async (question) => ledger.ask((queries) => queries.jobs(question)),
    hasUser: async (name) => ledger.ask((queries) => queries.hasUser(name)),
    hasJob: async (key) => ledger.ask((queries) => queries.hasJob(key)),
    async status() {
      const { engine, store } = keeper.now();
      const damages = [...engine.damages(), ...ledger.problems, ...[damagedSnapshot ?? []].flat()];
      const [other] = unwritten;
      const beside = other === undefined ? null : { text: other.join(': '), isWritten: false };
      const problem = keeper.problem() ?? beside;
      const saidProblem =
        problem && (problem.isWritten ? problem.text : `history is not written: ${problem.text}`);
      return {
        state: problem === null || problem.isWritten ? 'on' : 'failing',
        problem: saidProblem ?? damages.at(-1) ?? null,
        place: keeper.place,
        engine: store.engine,
        sizeBytes: await store.sizeBytes(),
        sinceMs: await engine.sinceMs(),
      };
    },
    async close() {
      await keeper.close();
      ledger.close();
      unlock();
    },
  };
}
