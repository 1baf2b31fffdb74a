import { z } from 'zod';

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

/** A list of at most `maxLength` such figures; a longer one, or none at all, becomes an empty list. */
export function figures(collector: string, name: string, min: number, max: number, maxLength: number) {
  return z.transform((values: unknown): (number | null)[] => {
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

const LARGEST = Number.MAX_SAFE_INTEGER;

export const percent = (collector: string, name: string) => figure(collector, name, 0, 100);
/** Percent of one core, or of a fan: may exceed 100. */
export const openPercent = (collector: string, name: string) => figure(collector, name, 0, 10_000_000);
export const bytes = (collector: string, name: string) => figure(collector, name, 0, LARGEST);
export const rate = (collector: string, name: string) => figure(collector, name, 0, LARGEST);
export const celsius = (collector: string, name: string) => figure(collector, name, -60, 250);
export const watts = (collector: string, name: string) => figure(collector, name, 0, 100_000);
export const megahertz = (collector: string, name: string) => figure(collector, name, 0, 100_000);
export const milliseconds = (collector: string, name: string) => figure(collector, name, 0, LARGEST);
export const count = (collector: string, name: string) => figure(collector, name, 0, LARGEST);

/** Text from a node, cut to `max` characters. Never trusted: whoever shows it escapes it. */
export function text(max: number) {
  return z.string().transform((value) => (value.length > max ? value.slice(0, max) : value));
}
