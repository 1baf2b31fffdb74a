import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkFile, readSql, repairFile } from './inspect.ts';
import { openLedgerFile } from './ledger-file.ts';
import { findSqlite } from './sqlite.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-inspect-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const usage = "INSERT INTO ledger_batch (writer, number) VALUES ('head', 7)";

it('takes a whole ledger for whole, and a repaired one has its rows', async () => {
  const sqlite = await findSqlite();
  openLedgerFile(sqlite, folder).close();
  const path = join(folder, 'ledger.sqlite');
  const database = sqlite.open(path);
  database.exec(usage);
  database.close();
  expect(checkFile(sqlite, folder, 'ledger.sqlite')).toEqual({
    name: 'ledger.sqlite',
    chunks: 0,
    problems: [],
  });
  expect(repairFile(sqlite, folder, 'ledger.sqlite', 1)).toMatchObject({ saved: 1, lost: 0 });
  expect(readSql(sqlite, path, 'SELECT writer, number FROM ledger_batch', 9)).toEqual([
    { writer: 'head', number: 7 },
  ]);
  const again = openLedgerFile(sqlite, folder);
  expect(again.openJobs()).toEqual([]);
  again.close();
});

it('says of a file that is none of SQLite that it is damaged', async () => {
  const sqlite = await findSqlite();
  writeFileSync(join(folder, 'ledger.sqlite'), 'nothing of the kind'.repeat(500));
  expect(checkFile(sqlite, folder, 'ledger.sqlite')).toMatchObject({ chunks: null });
  expect(repairFile(sqlite, folder, 'ledger.sqlite', 1)).toMatchObject({ saved: 0 });
  expect(checkFile(sqlite, folder, 'ledger.sqlite').problems).toEqual([]);
});

it.each([
  ['VACUUM INTO', 'vacuum'],
  ['/* a copy */ vacuum main into', 'vacuum'],
  ['DELETE FROM job --', 'readonly'],
])('refuses a query that writes: %s', async (query, reason) => {
  const sqlite = await findSqlite();
  openLedgerFile(sqlite, folder).close();
  const elsewhere = join(folder, 'copy');
  expect(() => readSql(sqlite, join(folder, 'ledger.sqlite'), `${query} '${elsewhere}'`, 9)).toThrow(reason);
  expect(() => sqlite.open(elsewhere, { readOnly: true })).toThrow();
});
