import { z } from 'zod';

/**
 * A part of the settings. Every room describes its own and hands it in; `readSettings` puts them together, so that all
 * have the same errors, the same listing and the same rules for paths and secrets.
 */

/** `[name]`, `[name.ANY]` for each of several, or `[[name]]` for each of a list. */
export type SectionKind = 'table' | 'named' | 'list';

export interface Section<
  Kind extends SectionKind = SectionKind,
  Shape extends z.ZodRawShape = z.ZodRawShape,
> {
  /** As it stands in brackets; empty for the settings above all sections. */
  name: string;
  kind: Kind;
  schema: z.ZodObject<Shape>;
  /** For a person, without its first capital and full stop. */
  means: string;
  /** What a running head cannot take over: it counts after a restart. */
  afterRestart: 'all' | 'none' | readonly string[];
  /** The names may stand above all sections too, and are flags and ROLLCALL_… variables. Of tables alone. */
  isFlat?: boolean;
  /** Of several by name: what the names are. */
  keys?: string;
}

type Parsed<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

/** What the settings say in a section: one table, those by name in the order of the file, or a list. */
export type SectionValue<Kind extends SectionKind, Shape extends z.ZodRawShape> = Kind extends 'table'
  ? Parsed<Shape>
  : Kind extends 'named'
    ? ReadonlyMap<string, Parsed<Shape>>
    : readonly Parsed<Shape>[];

/** What all sections say, by their names. */
export type SectionValues = ReadonlyMap<string, unknown>;

/** What a section says. Throws where it was not handed in when the settings were read. */
export function sectionOf<Kind extends SectionKind, Shape extends z.ZodRawShape>(
  values: SectionValues,
  { name }: Section<Kind, Shape>,
): SectionValue<Kind, Shape> {
  if (!values.has(name)) throw new Error(`the section [${name}] was not handed in`);
  // Its own schema has made it.
  return values.get(name) as SectionValue<Kind, Shape>;
}

/** The names of its settings, as rollcall.toml calls them. */
export const namesOf = ({ schema }: Section): string[] => Object.keys(schema.shape);

/** `[marks]`, `[nodes.PATTERN]`, `[[alerts]]`; with a key, that very table. */
export function titleOf({ name, kind, keys = 'NAME' }: Section, key: string | number | null = null): string {
  if (name === '') return 'above all sections';
  switch (kind) {
    case 'table':
      return `[${name}]`;
    case 'named':
      return `[${name}.${typeof key === 'string' ? quoteKey(key) : keys}]`;
    case 'list':
      return `[[${name}]]`;
  }
}

/** A key as a header has it; bare where TOML lets it. */
export const quoteKey = (key: string) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key));

type Role = 'path' | 'switch' | 'secret' | 'secret-file';
const roles = z.registry<{ role: Role }>();

/** What a setting is beside its schema: something that has to be done with it, or must not. */
export function roleOf(schema: unknown): Role | null {
  if (!(schema instanceof z.ZodType)) return null;
  const own = roles.get(schema)?.role;
  if (own !== undefined) return own;
  const { innerType } = schema.def as { innerType?: unknown };
  return innerType === undefined ? null : roleOf(innerType);
}

/** A path: relative ones count from the place that named it. */
export const pathSchema = () => z.string().min(1).register(roles, { role: 'path' });

/** Yes or no, as a variable of the environment also `1` and `true`. */
export const switchSchema = () => z.boolean().register(roles, { role: 'switch' });

/**
 * A secret, `name`, or the file of mode 0600 that it stands in, `name-file`: two fields for the shape of a section. Who
 * reads the section finds it under `name` in both cases; it is never printed, and no flag or variable tells it.
 */
export function secretOrFile<Name extends string>(name: Name) {
  const secret = z.string('must be text').min(1, 'is empty').max(4_096, 'is longer than 4,096 characters');
  return {
    [name]: secret.register(roles, { role: 'secret' }).optional(),
    [`${name}-file`]: z.string().min(1).register(roles, { role: 'secret-file' }).optional(),
  } as Record<Name | `${Name}-file`, z.ZodOptional<z.ZodString>>;
}
