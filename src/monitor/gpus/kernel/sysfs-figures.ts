import type { System } from '../../system.ts';

/** Reads small files of sysfs again and again through descriptors that stay open. */
export interface SysfsFigures {
  /** The text; null where the file is not there or the driver has no answer (`EINVAL`, `EPERM`, `ENODEV`). */
  text(path: string): string | null;
  /** A whole number; null where it is none. */
  number(path: string): number | null;
}

/** Null for a file that is not there or holds no number. */
export function createSysfsFigures(system: System): SysfsFigures {
  const readers = new Map<string, (() => string) | null>();

  function text(path: string): string | null {
    const known = readers.get(path);
    // What was not there at first does not come: opening it with every sample would cost for nothing.
    if (known === null) return null;
    const reader = known ?? system.textReader(path);
    try {
      const found = reader().trim();
      if (known === undefined) readers.set(path, reader);
      return found;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      if (code === 'ENOENT' || code === 'EACCES') readers.set(path, null);
      else if (known === undefined) readers.set(path, reader);
      return null;
    }
  }

  return {
    text,
    number(path) {
      const found = text(path);
      return found !== null && /^-?\d+$/.test(found) ? Number(found) : null;
    },
  };
}
