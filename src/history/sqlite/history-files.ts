import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DAY_MS, dayName } from '../tiers.ts';
import { type ChunkFile, openChunkFile, setAside } from './chunk-file.ts';
import { isDamaged } from './own-file.ts';
import type { Sqlite } from './sqlite.ts';

/** The files of a history's folder. Those of a UTC day bear its name. */

const byDay = ['raw', 'minute', 'frame'] as const;
export type FileKind = (typeof byDay)[number] | 'quarter' | 'day' | 'events';

/** Open at a time: an answer over many days needs them one after the other. */
const MOST_OPEN = 8;

export interface HistoryFiles {
  /**
   * Does something with the file of a kind and moment, which is made where it is missing. One that turns out to be
   * damaged is set aside, and the same done with a new one.
   */
  write<Result>(kind: FileKind, atMs: number, action: (file: ChunkFile) => Result): Result;
  /** The same with those that are there and hold part of a range, oldest first; with the part of the range. */
  read<Result>(kind: FileKind, range: Range, action: (file: ChunkFile, part: Range) => Result): Result[];
  /** The same as `write` with a file that is there; nothing where it is not. */
  change(kind: FileKind, action: (file: ChunkFile) => void): void;
  /** Removes the days that end before. */
  remove(kind: FileKind, beforeMs: number): void;
  sizeBytes(): number;
  /** Sentences about what was set aside. */
  problems: string[];
  close(): void;
}

export interface Range {
  fromMs: number;
  toMs: number;
}

export const ALWAYS: Range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

const isByDay = (kind: FileKind): boolean => (byDay as readonly string[]).includes(kind);
const nameOf = (kind: FileKind, atMs: number) => `${kind}${isByDay(kind) ? `-${dayName(atMs)}` : ''}.sqlite`;
const fileName = /^(raw|minute|frame)-(\d{4}-\d\d-\d\d)\.sqlite$|^(quarter|day|events)\.sqlite$/;

/** Makes the folder where it is missing. Throws where it cannot be used. */
export function openHistoryFiles(folder: string, sqlite: Sqlite, nowMs: () => number): HistoryFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const open = new Map<string, ChunkFile>();
  const problems: string[] = [];

  function fileOf(name: string): ChunkFile {
    // Whoever removes a file loses what it has, and not what comes after.
    if (open.get(name)?.isInPlace() === false) closeFile(name);
    const file = open.get(name) ?? openOrSetAside(join(folder, name));
    open.delete(name);
    open.set(name, file);
    const [oldest] = open.keys();
    if (open.size > MOST_OPEN && oldest !== undefined) closeFile(oldest);
    return file;
  }

  function closeFile(name: string): void {
    open.get(name)?.close();
    open.delete(name);
  }

  function openOrSetAside(path: string): ChunkFile {
    try {
      return openChunkFile(sqlite, path);
    } catch (error) {
      noteDamage(path, error);
      return openChunkFile(sqlite, path);
    }
  }

  /** Rethrows what is no damage. */
  function noteDamage(path: string, error: unknown): void {
    if (!isDamaged(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const aside = setAside(path, nowMs());
    problems.push(
      `a file of the history is damaged (${reason}): it was set aside as ${aside}, and a new one begun`,
    );
  }

  function withFile<Result>(name: string, action: (file: ChunkFile) => Result): Result {
    try {
      return action(fileOf(name));
    } catch (error) {
      if (isDamaged(error)) closeFile(name);
      noteDamage(join(folder, name), error);
      return action(fileOf(name));
    }
  }

  /** Names of plain files alone: nobody leads the history elsewhere by a link. */
  function namesOf(wanted: FileKind | null): string[] {
    const names = readdirSync(folder).filter((name) => {
      const [, dayKind, , kind] = fileName.exec(name) ?? [];
      const found = dayKind ?? kind;
      return found !== undefined && (wanted === null || found === wanted) && isPlainFile(join(folder, name));
    });
    return names.sort();
  }

  return {
    write: (kind, atMs, action) =>
      withFile(nameOf(kind, atMs), (file) => {
        file.beginWriting();
        return action(file);
      }),
    read: (kind, range, action) =>
      namesOf(kind).flatMap((name) => {
        const part = partOf(name, range);
        return part.fromMs < part.toMs ? [withFile(name, (file) => action(file, part))] : [];
      }),
    change(kind, action) {
      for (const name of namesOf(kind))
        withFile(name, (file) => {
          file.beginWriting();
          action(file);
        });
    },
    remove(kind, beforeMs) {
      for (const name of namesOf(kind)) {
        if (partOf(name, ALWAYS).toMs > beforeMs) continue;
        closeFile(name);
        for (const ending of ['', '-wal', '-shm']) rmSync(join(folder, name + ending), { force: true });
      }
    },
    sizeBytes: () =>
      namesOf(null)
        .flatMap((name) => [name, `${name}-wal`])
        .reduce(
          (sum, name) => sum + (lstatSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
          0,
        ),
    problems,
    close() {
      for (const name of [...open.keys()]) closeFile(name);
    },
  };
}

/** The part of a range that a file by its name may have. */
function partOf(name: string, { fromMs, toMs }: Range): Range {
  const day = fileName.exec(name)?.[2];
  if (day === undefined) return { fromMs, toMs };
  const dayMs = Date.parse(`${day}T00:00:00Z`);
  return { fromMs: Math.max(fromMs, dayMs), toMs: Math.min(toMs, dayMs + DAY_MS) };
}

function isPlainFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
