import { z } from 'zod';
import type { Column, ColumnTable, Property, PropertyTable, ValueOf } from './column-kinds.ts';
import { choices, figure, figures, identifiers, text, texts } from './figures.ts';

/** Schemas of what is said in columns or properties. Faults are of `collector`. */

/** Of a table's columns, each of at most `maxLength` values; none of them rejects the table. */
export function columnSchemas<Table extends ColumnTable>(collector: string, table: Table, maxLength: number) {
  const schemas = Object.entries(table).map(([name, kind]) => [
    name,
    columnSchema(collector, name, kind, maxLength),
  ]);
  return Object.fromEntries(schemas) as { [Name in keyof Table]: z.ZodType<ValueOf<Table[Name]>[]> };
}

function columnSchema(collector: string, name: string, column: Column, maxLength: number): z.ZodType {
  switch (column.kind) {
    case 'figure':
      return figures(collector, name, column.min, column.max, maxLength);
    case 'text':
      return texts(column.longest, maxLength);
    case 'choice':
      return choices(column.words, column.otherwise, maxLength);
    case 'identifier':
      return identifiers();
  }
}

/** Of one row's properties, where those that are absent may be missing. */
export function propertySchemas<Table extends PropertyTable>(collector: string, table: Table) {
  const schemas = Object.entries(table).map(([name, kind]) => [name, propertySchema(collector, name, kind)]);
  return Object.fromEntries(schemas) as { [Name in keyof Table]: z.ZodType<ValueOf<Table[Name]>> };
}

function propertySchema(collector: string, name: string, property: Property): z.ZodType {
  switch (property.kind) {
    case 'figure':
      return figure(collector, name, property.min, property.max);
    case 'text':
      return text(property.longest).nullable().default(null);
    case 'label':
      return text(property.longest);
    case 'identifier':
      return wholeNumber(property.max);
    case 'reference':
      return wholeNumber(property.max).nullable().default(null);
    case 'yes-or-no':
      return z.boolean().nullable().default(null);
    case 'flag':
      return z.boolean().default(false);
  }
}

const wholeNumber = (max: number) => z.number().int().min(0).max(max);
