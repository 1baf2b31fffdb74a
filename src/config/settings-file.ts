import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { parse, TomlError } from 'smol-toml';
import { fileReason } from '../lib/file-reason.ts';
import { ConfigError } from './config-error.ts';

export interface SettingsFile {
  path: string;
  /** Unchecked; empty where the file may be missing and is. */
  table: Record<string, unknown>;
  isMissing: boolean;
  /** What `table` was read from. */
  text: string;
  /** Other users may read it. */
  isOpen: boolean;
  /** Another one for another text, and where others may read it now or no longer. */
  stamp: string;
}

const MISSING = 'missing';
const isOpenTo = (mode: number) => (mode & 0o077) !== 0;
const stampOf = (text: string, isOpen: boolean) =>
  `${isOpen ? 'open' : 'closed'} ${createHash('sha256').update(text).digest('hex')}`;

/** One that is not there. */
export const missingSettingsFile = (path: string): SettingsFile => ({
  path,
  isMissing: true,
  table: {},
  text: '',
  isOpen: false,
  stamp: MISSING,
});

/** Reads a settings file; one that nobody named may be missing. Throws `ConfigError`. */
export function readSettingsFile(path: string, isRequired: boolean): SettingsFile {
  if (!isRequired && !existsSync(path)) return missingSettingsFile(path);
  let text: string;
  let isOpen: boolean;
  try {
    text = readFileSync(path, 'utf8');
    isOpen = isOpenTo(statSync(path).mode);
  } catch (error) {
    throw new ConfigError(`${path} cannot be read: ${fileReason(error)}`);
  }
  return { path, isMissing: false, table: parseText(text, path), text, isOpen, stamp: stampOf(text, isOpen) };
}

function parseText(text: string, path: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // Its further lines show the text around, which may have secrets in it.
    const [reason = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
    throw new ConfigError(`${path}:${error.line}: this is not TOML: ${reason} (column ${error.column})`);
  }
}

/**
 * The stamp of the file as it is now; of one that cannot be read, the reason. Null where it is a pipe or the like, whose
 * text can be read once only.
 */
export async function currentStamp(path: string): Promise<string | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? stampOf(await readFile(path, 'utf8'), isOpenTo(found.mode)) : null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    return code === 'ENOENT' ? MISSING : String(code);
  }
}

/** Whether it is a pipe: whoever opens one again waits until somebody writes into it. */
export function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO();
  } catch {
    return false;
  }
}
