import { visibleText } from '../../lib/visible-text.ts';
import type { SettingsFile } from '../settings-file.ts';
import type { Given, GivenSettings, GivenTable, Origin } from './given.ts';
import { namesOf, quoteKey, type Section, titleOf } from './section.ts';
import { findTomlLines } from './toml-lines.ts';
import { unknownName, unknownSection } from './unknown-names.ts';

interface Reading {
  sections: readonly Section[];
  problems: string[];
  originOf(path: readonly (string | number)[]): Origin;
  lineOf(path: readonly (string | number)[]): number;
}

type Table = Record<string, unknown>;

const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** What stands in the file, as tables of the sections; one for each section that is one table, in any case. */
export function tablesOfFile(file: SettingsFile, sections: readonly Section[]): GivenSettings {
  const lines = findTomlLines(file.text);
  const lineOf: Reading['lineOf'] = (path) => lines.lineOf(path) ?? 1;
  const originOf: Reading['originOf'] = (path) => ({ kind: 'file', place: `${file.path}:${lineOf(path)}` });
  const reading: Reading = { sections, problems: [], lineOf, originOf };
  const tables = sections.flatMap((section) =>
    tablesOf(section, section.name === '' ? {} : file.table[section.name], reading),
  );
  for (const [name, value] of Object.entries(file.table))
    if (!sections.some((section) => section.name === name)) putFlat(name, value, tables, reading);
  return { tables, problems: reading.problems };
}

function tablesOf(section: Section, found: unknown, reading: Reading): GivenTable[] {
  switch (section.kind) {
    case 'table':
      if (found !== undefined && !isTable(found)) refuse(section, [section.name], reading);
      return [toTable(section, null, isTable(found) ? found : {}, reading)];
    case 'named':
      if (found === undefined) return [];
      if (!isTable(found)) return refuse(section, [section.name], reading);
      return inOrder(section, found, reading).flatMap(([key, table]) =>
        isTable(table)
          ? [toTable(section, key, table, reading)]
          : refuse(section, [section.name, key], reading),
      );
    case 'list':
      if (found === undefined) return [];
      if (!Array.isArray(found) || !found.every(isTable)) return refuse(section, [section.name], reading);
      return found.map((table, index) => toTable(section, index, table, reading));
  }
}

/** The value is not told: it may be a secret. */
function refuse(section: Section, path: readonly string[], { problems, originOf }: Reading): [] {
  const name = visibleText(path.map(quoteKey).join('.'));
  problems.push(`${originOf(path).place}: ${name} is no setting but a section: write ${titleOf(section)}`);
  return [];
}

/** As they stand in the file: JavaScript has names that look like numbers before all others. */
const inOrder = ({ name }: Section, found: Table, { lineOf }: Reading) =>
  Object.entries(found).sort(([a], [b]) => lineOf([name, a]) - lineOf([name, b]));

function toTable(section: Section, key: GivenTable['key'], found: Table, reading: Reading): GivenTable {
  const steps = [section.name, ...(key === null ? [] : [key])];
  const words = [section.name, ...(key === null ? [] : [typeof key === 'number' ? key + 1 : quoteKey(key)])];
  const title = titleOf(section, key);
  const values = new Map<string, Given>();
  for (const [name, value] of Object.entries(found)) {
    const origin = reading.originOf([...steps, name]);
    if (namesOf(section).includes(name)) values.set(name, { value, origin });
    else reading.problems.push(`${origin.place}: ${unknownName(name, { section, title }, reading.sections)}`);
  }
  return { section, key, title, path: words.join('.'), origin: reading.originOf(steps), values };
}

/** What stands above all sections; some of it has got a section since. */
function putFlat(
  name: string,
  value: unknown,
  tables: readonly GivenTable[],
  { sections, problems, originOf }: Reading,
): void {
  const origin = originOf([name]);
  const values = tables.find(({ section }) => section.isFlat && namesOf(section).includes(name))?.values;
  if (values === undefined) {
    const isSection = isTable(value) || (Array.isArray(value) && value.length > 0 && value.every(isTable));
    const said = isSection ? unknownSection(name, sections) : unknownName(name, null, sections);
    problems.push(`${origin.place}: ${said}`);
    return;
  }
  const before = values.get(name);
  if (before === undefined) values.set(name, { value, origin });
  else problems.push(`${before.origin.place}: ${name} stands in ${origin.place} too; keep one of them`);
}
