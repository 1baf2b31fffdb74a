import { createLedger, type Ledger } from '../../src/history/ledger/ledger.ts';
import {
  addGpuTime,
  type JobRecord,
  type LedgerBatch,
  type UsageRow,
} from '../../src/history/ledger/records.ts';
import { epochOf, momentOf, monoOf, type Trace } from './ledger-trace.ts';
import { briefOf, reportOf } from './ledger-world.ts';

/** A made-up past, played to a ledger with a store behind it. */

/** A store in memory, which leaves out what it has written. */
export function createMemoryStore() {
  const jobs = new Map<string, JobRecord>();
  const usage = new Map<string, UsageRow>();
  const numbers = new Map<string, number>();
  return {
    jobs,
    usage,
    openJobs: () => structuredClone([...jobs.values()].filter(({ endMs }) => endMs === null)),
    write({ writer, number, jobs: records, usage: rows }: LedgerBatch): void {
      if (number <= (numbers.get(writer) ?? 0)) return;
      numbers.set(writer, number);
      for (const job of records) jobs.set(job.id, structuredClone(job));
      for (const row of rows) {
        const key = [row.day, row.user, row.node, row.model].join('|');
        const known = usage.get(key);
        if (known === undefined) usage.set(key, structuredClone(row));
        else {
          addGpuTime(known, row);
          known.jobs += row.jobs;
          known.newJobs += row.newJobs;
        }
      }
    },
  };
}

export type MemoryStore = ReturnType<typeof createMemoryStore>;

/** What a ledger needs of a store. */
export interface LedgerStore {
  write(batch: LedgerBatch): void;
  openJobs(): JobRecord[];
}

function writeAll(ledger: Ledger, store: LedgerStore, at: { monotonicMs: number; epochMs: number }): void {
  // Until nothing is left: what was taken before is not taken again within ten seconds.
  for (;;) {
    const batch = ledger.takeChanges(at, { all: true, most: 3 });
    if (batch === null) return;
    store.write(batch);
    // An answer that got lost.
    store.write(batch);
    ledger.confirm(batch.number);
  }
}

/** `careless`: the head is killed instead of stopped, writes as it comes, and looks only where that is due. */
export function play<Store extends LedgerStore>(trace: Trace, store: Store, careless = false): Store {
  let ledger = createLedger('head');
  const later = (tick: number) => ({
    monotonicMs: monoOf(tick) + 60_000,
    epochMs: epochOf(trace, tick) + 60_000,
  });
  for (let tick = 0; tick < trace.ticks; tick++) {
    const at = { monotonicMs: monoOf(tick), epochMs: epochOf(trace, tick) };
    if (trace.restarts.has(tick)) {
      if (!careless) writeAll(ledger, store, later(tick - 1));
      ledger = createLedger('head');
      ledger.restore(store.openJobs(), { monotonicMs: monoOf(tick) - 5, epochMs: at.epochMs - 5 });
    }
    for (const node of trace.nodes) {
      if (!trace.isUp(node, tick)) continue;
      const moment = momentOf(trace, node, tick);
      const isDue = ledger.note(node, briefOf(moment), at);
      if (isDue || !careless) ledger.look(reportOf(moment), at);
    }
    const batch = careless ? ledger.takeChanges(at) : null;
    if (batch === null) continue;
    store.write(batch);
    // The answer may get lost.
    if (tick % 3 > 0) ledger.confirm(batch.number);
  }
  writeAll(ledger, store, later(trace.ticks));
  return store;
}
