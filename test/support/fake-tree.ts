import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder that stands in for a node's root. */
export interface FakeTree {
  readonly root: string;
  /** Writes files by path; a newline is added, as the kernel does. */
  write(files: Record<string, string | number>): void;
  link(path: string, target: string): void;
  read(path: string): string;
  remove(path?: string): void;
}

export function createFakeTree(): FakeTree {
  const root = mkdtempSync(join(tmpdir(), 'tree-'));
  const placeOf = (path: string) => {
    const place = join(root, path);
    mkdirSync(dirname(place), { recursive: true });
    return place;
  };
  return {
    root,
    write(files) {
      for (const [path, text] of Object.entries(files)) writeFileSync(placeOf(path), `${text}\n`);
    },
    link: (path, target) => symlinkSync(target, placeOf(path)),
    read: (path) => readFileSync(join(root, path), 'utf8'),
    remove: (path = '') => rmSync(join(root, path), { recursive: true, force: true }),
  };
}

/** Puts a folder before every path of some files. */
export function under(
  folder: string,
  files: Record<string, string | number>,
): Record<string, string | number> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}
