import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalKeeper, type Keeper, openKeeping } from './keeper.ts';
import { openServerKeeper } from './server-keeper.ts';
import type { HistorySettings } from './settings.ts';
import type { Sqlite } from './sqlite/sqlite.ts';
import { createSqliteStore } from './sqlite/sqlite-store.ts';

/** Opens files of this machine, or the database of the settings. Rejects with a sentence where history cannot be kept. */
export async function openKeeper(
  { folder, url, keptDays, mostBytes }: HistorySettings,
  sqlite: Sqlite,
): Promise<Keeper> {
  const limits = { keptDays, mostBytes };
  if (url === null)
    return createLocalKeeper(await openKeeping(createSqliteStore({ folder, sqlite }), limits));
  // Whoever has no database does without its package.
  const { createPostgresStore } = await import('./postgres/postgres-store.ts');
  const { databasePlace } = await import('./postgres/server.ts');
  const waiting = join(folder, 'waiting');
  return openServerKeeper({
    place: databasePlace(url),
    openServer: async () => openKeeping(await createPostgresStore({ url, isAlone: true }), limits),
    openWaiting: () => openKeeping(createSqliteStore({ folder: waiting, sqlite }), limits),
    hasWaiting: () => existsSync(waiting),
    removeWaiting: () => rmSync(waiting, { recursive: true, force: true }),
  });
}
