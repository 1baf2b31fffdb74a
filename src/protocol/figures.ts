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

/** A column of whole numbers that name the rows; anything else rejects the message. */
export function identifiers(max: number, maxLength: number) {
  return z.custom<number[]>(
    (values) =>
      Array.isArray(values) &&
      values.length <= maxLength &&
      values.every((value) => Number.isInteger(value) && value >= 0 && value <= max),
    `not a list of at most ${maxLength} whole numbers`,
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

export const percent = (collector: string, name: string) => figure(collector, name, 0, 100);
export const bytes = (collector: string, name: string) => figure(collector, name, 0, LARGEST);
export const rate = (collector: string, name: string) => figure(collector, name, 0, LARGEST);
export const watts = (collector: string, name: string) => figure(collector, name, 0, 100_000);
export const milliseconds = (collector: string, name: string) => figure(collector, name, 0, LARGEST);
/** The last moment that a `Date` can hold: beyond it, writing a time throws. */
const LAST_MOMENT_MS = 8.64e15;
export const epochMs = (collector: string, name: string) => figure(collector, name, 0, LAST_MOMENT_MS);
export const count = (collector: string, name: string) => figure(collector, name, 0, LARGEST);

/** Text from a node, cut to `max` characters. Never trusted: whoever shows it escapes it. */
export function text(max: number) {
  return z.string().transform((value) => cutText(value, max));
}
