import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compileCacheFolder } from './compile-cache.ts';

let base = '';
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'compile-cache-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

it('is a folder of the user alone', () => {
  const folder = compileCacheFolder({ XDG_CACHE_HOME: base }) ?? '';
  expect(folder.startsWith(`${base}/`)).toBe(true);
  expect(lstatSync(folder).mode & 0o777).toBe(0o700);
  expect(compileCacheFolder({ XDG_CACHE_HOME: base })).toBe(folder);
});

it('is none where somebody else could write what runs', () => {
  const folder = compileCacheFolder({ XDG_CACHE_HOME: base }) ?? '';
  chmodSync(folder, 0o770);
  expect(compileCacheFolder({ XDG_CACHE_HOME: base })).toBeNull();
  rmSync(folder, { recursive: true });
  mkdirSync(join(base, 'elsewhere'), { mode: 0o700 });
  symlinkSync(join(base, 'elsewhere'), folder);
  expect(compileCacheFolder({ XDG_CACHE_HOME: base })).toBeNull();
  expect(compileCacheFolder({ XDG_CACHE_HOME: '/dev/null/nowhere' })).toBeNull();
});
