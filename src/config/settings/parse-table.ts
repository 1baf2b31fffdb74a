import type { z } from 'zod';
import { shellQuote } from '../../lib/shell-quote.ts';
import { visibleText } from '../../lib/visible-text.ts';
import { readPrivateFile } from '../private-file.ts';
import type { SettingsFile } from '../settings-file.ts';
import type { GivenTable, Origin } from './given.ts';
import { issueWords } from './issue-words.ts';
import { namesOf, roleOf } from './section.ts';

/** One setting as it is in force. */
export interface Setting {
  /** `port`, `marks.hotter-celsius`, `nodes."gpu*".tags`, `alerts.1.when`. */
  name: string;
  /** As rollcall.toml would have it; of a secret, where it is. */
  text: string;
  /** Null for a secret. */
  value: unknown;
  origin: Origin;
  /** A running head goes on with the value that it was started with. */
  afterRestart: boolean;
  /** The value of a secret too. A function, so that nobody prints it by mistake. */
  reveal(): unknown;
}

export interface ParsedTable {
  /** What its schema made of it; null where that refused it. */
  value: unknown;
  settings: Setting[];
  problems: string[];
}

interface ReadOptions {
  file: Pick<SettingsFile, 'path' | 'isOpen'>;
  /** Whom files of secrets must belong to. */
  userId: number;
}

const DEFAULT: Origin = { kind: 'default', place: 'default' };

/** Gives a table to its schema. `defaults` are those that the schema does not know. Each problem is a sentence. */
export function parseTable(
  table: GivenTable,
  options: ReadOptions & { defaults: Readonly<Record<string, unknown>> },
): ParsedTable {
  const problems: string[] = [];
  const { secrets, isRefused } = readSecrets(table, options, problems);
  const given = Object.fromEntries(Array.from(table.values, ([name, { value }]) => [name, value]));
  const parsed = table.section.schema.safeParse(
    { ...options.defaults, ...given, ...secrets },
    { error: issueWords },
  );
  if (!parsed.success) {
    const told = parsed.error.issues
      .filter(({ path }) => !(path.length === 0 ? isRefused.size > 0 : isRefused.has(String(path[0]))))
      .map((issue) => explain(issue, table));
    problems.push(...new Set(told));
  }
  if (problems.length > 0 || !parsed.success) return { value: null, settings: [], problems };
  return { value: parsed.data, settings: settingsOf(table, parsed.data), problems };
}

/** Reads secrets that stand in files of their own. */
function readSecrets(
  { section, values, title }: GivenTable,
  { file: settingsFile, userId }: ReadOptions,
  problems: string[],
) {
  const secrets: Record<string, string> = {};
  const isRefused = new Set<string>();
  for (const name of namesOf(section)) {
    if (roleOf(section.schema.shape[name]) !== 'secret') continue;
    const own = values.get(name);
    const file = values.get(`${name}-file`);
    const refuse = (place: string, said: string) => {
      isRefused.add(name);
      problems.push(`${place}: ${said}`);
    };
    if (own !== undefined && file !== undefined)
      refuse(own.origin.place, `${name} and ${name}-file both stand in ${title}; keep one of them`);
    else if (own !== undefined && settingsFile.isOpen)
      refuse(
        own.origin.place,
        `${name} in ${title} is a secret, and others can read this file: chmod 600 ${shellQuote(settingsFile.path)}, ` +
          `or name a file of mode 0600 by ${name}-file`,
      );
    else if (typeof file?.value === 'string' && file.value !== '') {
      try {
        secrets[name] = readPrivateFile(file.value, userId).replace(/\r?\n$/, '');
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        refuse(file.origin.place, `${name}-file = ${JSON.stringify(file.value)} is not used: ${reason}`);
      }
    }
  }
  return { secrets, isRefused };
}

/** A value that cannot be as it was given: on the command line, in the environment, or in the file. */
function explain({ path, message }: z.core.$ZodIssue, table: GivenTable): string {
  const [first] = path;
  if (first === undefined) return `${table.origin.place}: ${visibleText(`${table.title}: ${message}`)}`;
  const name = String(first);
  const given = table.values.get(name);
  const isSecret = roleOf(table.section.schema.shape[name]) === 'secret';
  const fromFile = isSecret ? table.values.get(`${name}-file`) : undefined;
  const { kind, place } = (given ?? fromFile)?.origin ?? table.origin;
  const whole = visibleText([nameIn(table, name), ...path.slice(1).map(String)].join('.'));
  const value = valueAt(given?.value, path.slice(1));
  if (kind === 'flag') return `${place} ${visibleText(String(value))}: ${message}`;
  if (kind === 'environment') return `${place}=${visibleText(String(value))}: ${message}`;
  if (isSecret) return `${place}: ${whole}${fromFile === undefined ? '' : ' (in its file)'}: ${message}`;
  if (given === undefined) return `${place}: ${whole} is missing: ${message}`;
  return `${place}: ${whole} = ${visibleText(JSON.stringify(value))}: ${message}`;
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  let value = values;
  for (const step of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[step];
  return value;
}

const nameIn = ({ path }: GivenTable, name: string) => (path === '' ? name : `${path}.${name}`);

/** All that has a value, in the order of the schema. */
function settingsOf(table: GivenTable, parsed: Record<string, unknown>): Setting[] {
  const { section, values } = table;
  return Object.entries(section.schema.shape).flatMap(([name, schema]) => {
    const value = parsed[name];
    if (value === undefined) return [];
    const isSecret = roleOf(schema) === 'secret';
    const file = isSecret ? values.get(`${name}-file`) : undefined;
    const { afterRestart } = section;
    return {
      name: nameIn(table, name),
      text: isSecret ? secretText(file?.value) : textOf(value),
      value: isSecret ? null : value,
      origin: (values.get(name) ?? file)?.origin ?? DEFAULT,
      afterRestart: afterRestart === 'all' || (afterRestart !== 'none' && afterRestart.includes(name)),
      reveal: () => value,
    };
  });
}

const secretText = (file: unknown) => (file === undefined ? 'set' : `set, from ${String(file)}`);
const textOf = (value: unknown) => (value === null ? 'not set' : JSON.stringify(value));
