import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createMemoryStore, type LedgerStore, play } from '../../../test/support/ledger-play.ts';
import { epochOf, makeTrace } from '../../../test/support/ledger-trace.ts';
import type { UsageRow } from '../ledger/records.ts';
import { createLedgerQueries } from './ledger-queries.ts';
import { createLedgerTables, openLedgerTables } from './ledger-tables.ts';
import { findSqlite } from './sqlite.ts';

/** A ledger whose head is started anew, on a real file: as on a store that is known to be right. */

const sqlite = await findSqlite();
const folder = mkdtempSync(join(tmpdir(), 'rollcall-ledger-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([1, 2, 3])(
  'a file has what was written, whether its heads are stopped or killed: past %i',
  (seed) => {
    for (const isKilled of [false, true]) {
      const trace = makeTrace({ seed, restarts: 3 });
      const expected = play(trace, createMemoryStore(), isKilled);
      const path = join(folder, `${seed}-${isKilled}.sqlite`);
      const open = () => {
        const database = sqlite.open(path);
        createLedgerTables(database);
        return { database, tables: openLedgerTables(database) };
      };
      let file = open();
      const store: LedgerStore = {
        write: (batch) => file.tables.write(batch),
        openJobs() {
          file.database.close();
          file = open();
          return file.tables.openJobs();
        },
      };
      play(trace, store, isKilled);
      const nowMs = epochOf(trace, trace.ticks);
      const queries = createLedgerQueries(file.database);
      const range = { fromMs: epochOf(trace, 0) - 86_400_000, toMs: nowMs, user: null, most: 1_000 };
      const jobs = queries.jobs({
        ...range,
        job: null,
        node: null,
        kind: null,
        ended: null,
        before: null,
      }).jobs;
      expect(jobs.length).toBe(expected.jobs.size);
      const rowsOf = (of: (row: UsageRow) => boolean) => [...expected.usage.values()].filter(of);
      for (const by of ['user', 'node', 'model'] as const) {
        for (const { key, gpuHoursHeld, gpuHoursUnknown, jobs: count } of queries.ledger(
          { ...range, by },
          nowMs,
        ).rows) {
          const rows = rowsOf((row) => row[by] === (key ?? ''));
          const hours = (name: 'heldMs' | 'unknownMs') =>
            rows.reduce((sum, row) => sum + row[name], 0) / 3_600_000;
          expect(gpuHoursHeld).toBeCloseTo(hours('heldMs'), 2);
          expect(gpuHoursUnknown).toBeCloseTo(hours('unknownMs'), 2);
          if (by === 'user') expect(count).toBe(rows.reduce((sum, row) => sum + row.newJobs, 0));
        }
      }
      file.database.close();
    }
  },
);
