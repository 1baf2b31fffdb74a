import type { System } from './system.ts';

/** The latest sample in a file, replaced atomically. */
export interface StatusFile {
  /** Null where no file can be written; `problem` then says why. */
  readonly path: string | null;
  readonly problem: string | null;
  write(text: string): void;
}

/** A path is ours to replace when nothing is there, or a regular file of our own. */
function mayReplace(system: System, path: string): boolean {
  try {
    const found = system.files.lstatSync(path);
    return found.isFile() && found.uid === system.uid;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}

function replace(system: System, path: string, text: string): void {
  const { files } = system;
  const temporary = `${path}.${process.pid}.tmp`;
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = files.constants;
  files.rmSync(temporary, { force: true });
  const descriptor = files.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    files.writeSync(descriptor, text);
  } catch (error) {
    files.rmSync(temporary, { force: true });
    throw error;
  } finally {
    files.closeSync(descriptor);
  }
  files.renameSync(temporary, path);
}

/** Chooses the first path that can be written, by writing `firstText` there. */
export function openStatusFile(system: System, paths: readonly string[], firstText: string): StatusFile {
  let path: string | null = null;
  let problem: string | null = null;
  for (const candidate of paths) {
    try {
      if (!mayReplace(system, candidate)) throw new Error(`${candidate} belongs to somebody else`);
      replace(system, candidate, firstText);
      path = candidate;
      problem = null;
      break;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
  }
  return {
    get path() {
      return path;
    },
    get problem() {
      return problem;
    },
    write(text) {
      if (path === null) return;
      try {
        replace(system, path, text);
        problem = null;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
    },
  };
}
