import { dirname } from 'node:path';
import { z } from 'zod';
import { absolutePath } from '../setting-paths.ts';
import type { SettingsFile } from '../settings-file.ts';
import { tablesOfFile } from './file-tables.ts';
import type { GivenSettings, GivenTable } from './given.ts';
import { roleOf, type Section } from './section.ts';

export interface GatheredFrom {
  file: SettingsFile;
  flags: Readonly<Record<string, unknown>>;
  environment: NodeJS.ProcessEnv;
  workingFolder: string;
}

/** The environment variable of a setting: `ROLLCALL_NODE_LIST` of `node-list`. */
export const variableOf = (name: string) => `ROLLCALL_${name.toUpperCase().replaceAll('-', '_')}`;

/** Puts together what file, environment and flags say: flags win over the environment, and that over the file. */
export function gatherSettings(from: GatheredFrom, sections: readonly Section[]): GivenSettings {
  const { problems, tables } = tablesOfFile(from.file, sections);
  for (const section of sections.filter(({ isFlat }) => isFlat)) {
    const values = tables.find((table) => table.section === section)?.values;
    for (const [name, schema] of Object.entries(section.schema.shape)) {
      const text = from.environment[variableOf(name)];
      const origin = { kind: 'environment', place: variableOf(name) } as const;
      if (text) values?.set(name, { value: fromText(text, schema), origin });
      const flag = from.flags[name];
      if (flag !== undefined)
        values?.set(name, { value: flag, origin: { kind: 'flag', place: `--${name}` } });
    }
  }
  for (const table of tables) makePathsAbsolute(table, from);
  return { tables, problems };
}

function fromText(text: string, schema: unknown): unknown {
  if (roleOf(schema) === 'switch') return text === '1' || text === 'true';
  return schema instanceof z.ZodArray ? text.split(',').map((word) => word.trim()) : text;
}

/** Relative paths count from the place that named them. */
function makePathsAbsolute({ section, values }: GivenTable, { file, workingFolder }: GatheredFrom): void {
  for (const [name, given] of values) {
    const role = roleOf(section.schema.shape[name]);
    if ((role !== 'path' && role !== 'secret-file') || typeof given.value !== 'string' || given.value === '')
      continue;
    const folder = given.origin.kind === 'file' ? dirname(file.path) : workingFolder;
    values.set(name, { ...given, value: absolutePath(given.value, folder) });
  }
}
