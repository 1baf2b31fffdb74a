import { lstatSync, mkdirSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { environment } from './environment.ts';

/** Lets Node.js 22 and later keep compiled code, so that the next command starts sooner. Older ones go without. */
export function keepCompiledCode(): void {
  const enable: unknown = Reflect.get(nodeModule, 'enableCompileCache');
  if (typeof enable !== 'function') return;
  const folder = compileCacheFolder(environment);
  if (folder !== null) enable(folder);
}

/** A folder that is the user's alone: who writes there decides what runs. Null where there is none. */
export function compileCacheFolder({ XDG_CACHE_HOME: set }: NodeJS.ProcessEnv): string | null {
  try {
    const folder = join(set?.startsWith('/') ? set : join(homedir(), '.cache'), 'rollcall', 'compiled');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    const isOwn = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
    return isOwn ? folder : null;
  } catch {
    return null;
  }
}
