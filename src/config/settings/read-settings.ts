import { ConfigError } from '../config-error.ts';
import type { SettingsFile } from '../settings-file.ts';
import { type GatheredFrom, gatherSettings } from './gather.ts';
import type { GivenTable } from './given.ts';
import { parseTable, type Setting } from './parse-table.ts';
import type { Section, SectionValues } from './section.ts';

export interface Settings {
  values: SectionValues;
  /** All that is in force, in the order of the sections. */
  inForce: Setting[];
}

export interface SettingsSources extends GatheredFrom {
  file: SettingsFile;
  /** Defaults of what stands above all sections; may leave out what was given and does not count. */
  defaultsFor(flat: GivenTable['values']): Readonly<Record<string, unknown>>;
}

/** Reads all sections. Throws `ConfigError` with every problem that there is. */
export function readSettings(sources: SettingsSources, sections: readonly Section[]): Settings {
  const { tables, problems } = gatherSettings(sources, sections);
  const values = new Map<string, unknown>(sections.map((section) => [section.name, emptyValue(section)]));
  const inForce: Setting[] = [];
  const userId = process.getuid?.() ?? -1;
  for (const table of tables) {
    const defaults = table.section.name === '' ? sources.defaultsFor(table.values) : {};
    const parsed = parseTable(table, { defaults, file: sources.file, userId });
    problems.push(...parsed.problems);
    inForce.push(...parsed.settings);
    putInto(values, table, parsed.value);
  }
  if (problems.length > 0) throw new ConfigError(problems.join('; '));
  return { values, inForce };
}

function emptyValue({ kind }: Section): unknown {
  switch (kind) {
    case 'table':
      return null;
    case 'named':
      return new Map<string, unknown>();
    case 'list':
      return [];
  }
}

function putInto(values: Map<string, unknown>, { section, key }: GivenTable, value: unknown): void {
  const before = values.get(section.name);
  if (before instanceof Map) before.set(key, value);
  else if (Array.isArray(before)) before.push(value);
  else values.set(section.name, value);
}
