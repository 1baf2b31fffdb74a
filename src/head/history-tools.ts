import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { type CopyProgress, copyHistory } from '../history/copy.ts';
import { openKeeping } from '../history/keeper.ts';
import { createPostgresStore } from '../history/postgres/postgres-store.ts';
import { lockFolder } from '../history/sqlite/folder-lock.ts';
import {
  checkFile,
  type FileFinding,
  type FileSize,
  fileSizes,
  type Repair,
  readSql,
  repairFile,
} from '../history/sqlite/inspect.ts';
import { findSqlite, type SqlRow } from '../history/sqlite/sqlite.ts';
import { createSqliteStore } from '../history/sqlite/sqlite-store.ts';

/**
 * Copies the files of a folder into the database of `url`, while no head writes to either; the files stay. Rejects with a
 * sentence, which has no password.
 */
export async function copyToDatabase(
  { folder, keptDays, mostBytes }: NonNullable<Config['history']>,
  url: string,
  onProgress: (progress: CopyProgress) => void,
): Promise<void> {
  const limits = { keptDays, mostBytes };
  const target = await createPostgresStore({ url, isAlone: true });
  try {
    const source = await openKeeping(createSqliteStore({ folder, sqlite: await findSqlite() }), limits);
    try {
      await copyHistory(source, target, () => openKeeping(target, limits), onProgress);
    } finally {
      await source.engine.close();
    }
  } finally {
    await target.close();
  }
}

/** What the command line does with a history's files itself. */
export interface HistoryTools {
  sizes(): FileSize[];
  check(): Iterable<FileFinding>;
  repair(name: string): Repair;
  /** `file`: without its ending. Throws what SQLite says. */
  sql(file: string, query: string, most: number): SqlRow[];
}

/** Rejects with a sentence where this machine has no SQLite. */
export async function openHistoryTools(folder: string): Promise<HistoryTools> {
  const sqlite = await findSqlite();
  const names = () =>
    fileSizes(folder)
      .map(({ name }) => name)
      .filter((name) => name.endsWith('.sqlite'));
  return {
    sizes: () => fileSizes(folder),
    *check() {
      for (const name of names()) yield checkFile(sqlite, folder, name);
    },
    repair(name) {
      const unlock = lockFolder(sqlite, folder);
      try {
        return repairFile(sqlite, folder, name, Date.now());
      } finally {
        unlock();
      }
    },
    sql(file, query, most) {
      const name = `${file}.sqlite`;
      if (!names().includes(name))
        throw new Error(`there is no file ${name} in ${folder}; there are: ${names().join(', ') || 'none'}`);
      return readSql(sqlite, join(folder, name), query, most);
    },
  };
}
