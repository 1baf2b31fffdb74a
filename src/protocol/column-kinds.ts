/**
 * What a column of a table, or a property of a GPU, may hold. Types, schemas, rows of which nothing is known and lists
 * of names are made from it. No zod: the monitor uses this too.
 */

export type Unit =
  | 'percent'
  | 'bytes'
  | 'bytesPerSecond'
  | 'celsius'
  | 'watts'
  | 'joules'
  | 'megahertz'
  | 'number';

/** A number within [min, max], or null. */
export interface Figure {
  readonly kind: 'figure';
  readonly unit: Unit;
  readonly min: number;
  readonly max: number;
}

/** At most `longest` characters, or null. */
export interface Text {
  readonly kind: 'text';
  readonly longest: number;
}

/** A text that is always told. */
export interface Label {
  readonly kind: 'label';
  readonly longest: number;
}

/** One of a few words. What is none of them counts as `otherwise`. */
export interface Choice<Word extends string> {
  readonly kind: 'choice';
  readonly words: readonly Word[];
  readonly otherwise: Word;
}

/** A whole number within [0, max] that names its row. */
export interface Identifier {
  readonly kind: 'identifier';
  readonly max: number;
}

/** The identifier of another row, or null. */
export interface Reference {
  readonly kind: 'reference';
  readonly max: number;
}

/** Null where it is not told. */
export interface YesOrNo {
  readonly kind: 'yes-or-no';
}

/** False where it is not told. */
export interface Flag {
  readonly kind: 'flag';
}

/** What a column of a table can be, and what a property of a single thing. */
export type Column = Figure | Text | Choice<string> | Identifier;
export type Property = Figure | Text | Label | Identifier | Reference | YesOrNo | Flag;
export type ColumnTable = Readonly<Record<string, Column>>;
export type PropertyTable = Readonly<Record<string, Property>>;

/** What one value is. */
export type ValueOf<Kind> =
  Kind extends Choice<infer Word>
    ? Word
    : Kind extends Identifier
      ? number
      : Kind extends Label
        ? string
        : Kind extends Flag
          ? boolean
          : Kind extends YesOrNo
            ? boolean | null
            : Kind extends Text
              ? string | null
              : number | null;

/** The values of one row of a table, or the properties of one thing. */
export type RowValues<Table> = { [Name in keyof Table]: ValueOf<Table[Name]> };

/** Without those that are always told. */
type AbsentOf<Table> = {
  [Name in keyof Table as Table[Name] extends Identifier | Label | Choice<string>
    ? never
    : Name]: Table[Name] extends Flag ? boolean : null;
};

const alwaysTold: readonly string[] = ['identifier', 'label', 'choice'] satisfies (
  | Column
  | Property
)['kind'][];

/** All of a table that may be absent, as absent: null, or false of a flag. */
export function absentOf<Table extends ColumnTable | PropertyTable>(table: Table): AbsentOf<Table> {
  const absent = Object.entries(table)
    .filter(([, { kind }]) => !alwaysTold.includes(kind))
    .map(([name, { kind }]) => [name, kind === 'flag' ? false : null]);
  return Object.fromEntries(absent) as AbsentOf<Table>;
}

/** The names of a table's columns, in their order. */
export const columnNamesOf = <Table extends ColumnTable>(table: Table) =>
  Object.keys(table) as (keyof Table & string)[];

const LARGEST = Number.MAX_SAFE_INTEGER;

/** A number in `unit` within [min, max]. */
export const numberIn = (unit: Unit, min: number, max: number): Figure => ({
  kind: 'figure',
  unit,
  min,
  max,
});
/** A text of at most `longest` characters. */
export const textUpTo = (longest: number): Text => ({ kind: 'text', longest });
/** Numbers that name rows, from 0 to `max`. */
export const identifierUpTo = (max: number): Identifier => ({ kind: 'identifier', max });

export const inPercent = numberIn('percent', 0, 100);
export const inBytes = numberIn('bytes', 0, LARGEST);
export const inBytesPerSecond = numberIn('bytesPerSecond', 0, LARGEST);
export const inCelsius = numberIn('celsius', -60, 250);
export const inWatts = numberIn('watts', 0, 100_000);
export const inMegahertz = numberIn('megahertz', 0, 100_000);
export const counted = numberIn('number', 0, LARGEST);
