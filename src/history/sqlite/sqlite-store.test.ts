import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBlobStore } from '../../../test/support/blob-store-contract.ts';
import { findSqlite } from './sqlite.ts';
import { createSqliteStore } from './sqlite-store.ts';

describeBlobStore('files of SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-store-'));
  const sqlite = await findSqlite();
  return {
    open: async () => createSqliteStore({ folder, sqlite }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
});
