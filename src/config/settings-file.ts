import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { ConfigError } from './config-error.ts';

/** The table in a settings file, unchecked; empty where it may be missing and is. Throws `ConfigError`. */
export function readSettingsFile(file: string, isRequired: boolean): Record<string, unknown> {
  if (!isRequired && !existsSync(file)) return {};
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  try {
    return parse(text);
  } catch (error) {
    throw new ConfigError(
      `${file} is not TOML: ${error instanceof Error ? error.message.trim() : String(error)}`,
    );
  }
}
