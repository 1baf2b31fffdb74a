import { z } from 'zod';
import { cutText } from '../lib/cut-text.ts';

/**
 * Schemas of single figures. A figure out of its range never rejects the message that carries it:
 * it becomes `null`, and the fault is collected so that the collector it came from reports an error.
 */

/** Faults of the message being parsed. Parsing is synchronous, so one list serves all. */
let faults: Fault[] = [];

/** A figure that was refused: the collector it belongs to, its name, and what was found. */
export interface Fault {
  collector: string;
  figure: string;
  value: string;
}

const MAX_FAULTS = 20;

/** Runs a parse and hands back its result with the figures refused meanwhile. */
export function collectFaults<T>(parse: () => T): { result: T; faults: Fault[] } {
  faults = [];
  const result = parse();
  const found = faults;
  faults = [];
  return { result, faults: found };
}

function refuse(collector: string, name: string, value: unknown): null {
  const shown = typeof value === 'number' ? String(value) : typeof value;
  if (faults.length < MAX_FAULTS) faults.push({ collector, figure: name, value: shown });
  return null;
}

/**
 * A number within [min, max] or null; anything else becomes null and a fault of `collector`. One
 * transform, because a sample has hundreds of figures and every further schema costs its own call.
 */
export function figure(collector: string, name: string, min: number, max: number) {
  return z.transform((value: unknown): number | null => {
    if (typeof value === 'number' && value >= min && value <= max) return value;
    return value === null || value === undefined ? null : refuse(collector, name, value);
  });
}

/** A list of such figures: one column of a table. Absent, it is an empty list. */
export function figures(collector: string, name: string, min: number, max: number, maxLength: number) {
  return z.transform((values: unknown): (number | null)[] => {
    if (values === undefined) return [];
    if (!Array.isArray(values) || values.length > maxLength) {
      refuse(collector, name, values);
      return [];
    }
    return values.map((value: unknown) => {
      if (typeof value === 'number' && value >= min && value <= max) return value;
      return value === null ? null : refuse(collector, name, value);
    });
  });
}

/** What names the rows of a table: a good value, of one or more columns. */
type Keys = Readonly<Record<string, (value: unknown) => boolean>>;

/** A whole number within [0, max]. */
export const isIdentifier = (max: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= max;

/**
 * A table of columns. A row that a key column names wrongly, and rows beyond `maxLength`, are left out with a fault of
 * `collector`; what is no table, or absurdly long, rejects the message. `schema` is of the columns, none of which rejects anything.
 */
export function table<Schema extends z.ZodType>(
  collector: string,
  keys: Keys,
  maxLength: number,
  schema: Schema,
) {
  return z.transform((value: unknown, context): z.output<Schema> => {
    const columns = isRecord(value) ? value : {};
    const names = Object.keys(keys);
    const wrong = names.find((name) => !Array.isArray(columns[name]));
    if (wrong !== undefined) return rejected(context, 'not a list', value, wrong);
    const length = Math.min(...names.map((name) => (columns[name] as unknown[]).length));
    if (length > ABSURD * maxLength) return rejected(context, tooLong(maxLength), value, names[0]);
    const good = goodRows(collector, columns, keys, Math.min(length, maxLength));
    if (length > maxLength) refuse(collector, 'number of rows', length);
    const parsed = schema.safeParse(good === null ? columns : rowsOf(columns, good));
    return parsed.success ? parsed.data : rejected(context, 'not a table', value);
  });
}

/** Numbers of the rows that are kept; null where all are. */
function goodRows(
  collector: string,
  columns: Record<string, unknown>,
  keys: Keys,
  length: number,
): number[] | null {
  const bad = new Set<number>();
  let isLonger = false;
  for (const [name, isGood] of Object.entries(keys)) {
    const values = columns[name] as unknown[];
    isLonger ||= values.length > length;
    for (let at = 0; at < length; at++) {
      if (isGood(values[at])) continue;
      bad.add(at);
      refuse(collector, name, values[at]);
    }
  }
  if (bad.size === 0 && !isLonger) return null;
  return Array.from({ length }, (_, at) => at).filter((at) => !bad.has(at));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function rowsOf(columns: Record<string, unknown>, rows: readonly number[]): Record<string, unknown> {
  const kept = Object.entries(columns).map(([name, values]) => [
    name,
    Array.isArray(values) ? rows.map((at) => values[at] ?? null) : values,
  ]);
  return Object.fromEntries(kept);
}

function rejected<Value>(
  context: z.core.ParsePayload,
  message: string,
  input: unknown,
  place?: string | number,
): Value {
  context.issues.push({ code: 'custom', message, input, path: place === undefined ? [] : [place] });
  return z.NEVER;
}

/** Hardware may have some times more rows than there is room for; who tells that many more tells rubbish. */
const ABSURD = 16;
const tooLong = (maxLength: number) => `not a list of at most ${maxLength} rows`;

/** A column of names of rows, which `table` has checked. */
export const identifiers = () => z.custom<number[]>(Array.isArray);

/**
 * A list of rows. One with values that cannot be, and those beyond `maxLength`, are left out with a fault of
 * `collector`; what is no list of rows, or absurdly long, rejects the message.
 */
export function list<Schema extends z.ZodType>(
  collector: string,
  name: string,
  row: Schema,
  maxLength: number,
) {
  return z.transform((values: unknown, context): z.output<Schema>[] => {
    if (!Array.isArray(values)) return rejected(context, 'not a list', values);
    if (values.length > ABSURD * maxLength) return rejected(context, tooLong(maxLength), values);
    const nested = values.findIndex((value) => Array.isArray(value) || value === null);
    if (nested >= 0) return rejected(context, 'not a row', values, nested);
    if (values.length > maxLength) refuse(collector, `number of ${name}`, values.length);
    return values.slice(0, maxLength).flatMap((value: unknown) => {
      const parsed = row.safeParse(value);
      if (parsed.success) return [parsed.data];
      const issue = parsed.error.issues[0];
      refuse(collector, [name, ...(issue?.path ?? [])].join('.'), valueAt(value, issue?.path ?? []));
      return [];
    });
  });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

/** A column of short texts; what is no text becomes null. */
export function texts(maxTextLength: number, maxLength: number) {
  return z.transform((values: unknown): (string | null)[] =>
    Array.isArray(values)
      ? values
          .slice(0, maxLength)
          .map((value: unknown) => (typeof value === 'string' ? cutText(value, maxTextLength) : null))
      : [],
  );
}

/** A column of one of a few words; what is none of them becomes `otherwise`. */
export function choices<Word extends string>(words: readonly Word[], otherwise: Word, maxLength: number) {
  return z.transform((values: unknown): Word[] =>
    Array.isArray(values)
      ? values.slice(0, maxLength).map((value: unknown) => words.find((word) => word === value) ?? otherwise)
      : [],
  );
}

const LARGEST = Number.MAX_SAFE_INTEGER;

/** From 0 to 100. */
export const percent = (collector: string, name: string) => figure(collector, name, 0, 100);
/** Up to what a double holds exactly. */
export const bytes = (collector: string, name: string) => figure(collector, name, 0, LARGEST);
/** File systems that clusters share are larger than what a whole number of a double holds, and some have no end. */
const LARGEST_FILESYSTEM = 2 ** 80;
/** As `bytes`, and beyond what a double holds exactly. */
export const filesystemBytes = (collector: string, name: string) =>
  figure(collector, name, 0, LARGEST_FILESYSTEM);
/** Units per second. */
export const rate = (collector: string, name: string) => figure(collector, name, 0, LARGEST);
/** A span of time, never negative. */
export const milliseconds = (collector: string, name: string) => figure(collector, name, 0, LARGEST);
/** The last moment that a `Date` can hold: beyond it, writing a time throws. */
const LAST_MOMENT_MS = 8.64e15;
/** A moment that a `Date` can hold. */
export const epochMs = (collector: string, name: string) => figure(collector, name, 0, LAST_MOMENT_MS);
/** How many. */
export const count = (collector: string, name: string) => figure(collector, name, 0, LARGEST);

/** Text from a node, cut to `max` characters. Never trusted: whoever shows it escapes it. */
export function text(max: number) {
  return z.string().transform((value) => cutText(value, max));
}
