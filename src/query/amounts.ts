import type { IntervalTest } from './query.ts';

/** Numbers with units, as a field's value. */

/** What a number of a field counts. `number` has no unit and may have a fraction. */
export const numberKinds = [
  'count',
  'number',
  'percent',
  'celsius',
  'watts',
  'megahertz',
  'bytes',
  'duration',
] as const;
export type NumberKind = (typeof numberKinds)[number];

const KIB = 1024;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

function byteUnits(): Record<string, number> {
  const units: Record<string, number> = { b: 1 };
  ['k', 'm', 'g', 't', 'p'].forEach((letter, at) => {
    for (const unit of [letter, `${letter}b`, `${letter}ib`]) units[unit] = KIB ** (at + 1);
  });
  return units;
}

/** By what a number with that unit is multiplied. Where '' is missing, a number needs a unit. */
const unitsOf: Record<NumberKind, Readonly<Record<string, number>>> = {
  count: { '': 1 },
  number: { '': 1 },
  percent: { '': 1, '%': 1 },
  celsius: { '': 1, c: 1, '°c': 1 },
  watts: { '': 1, w: 1, kw: 1000 },
  megahertz: { '': 1, mhz: 1, ghz: 1000 },
  bytes: byteUnits(),
  duration: {
    s: SECOND_MS,
    m: MINUTE_MS,
    min: MINUTE_MS,
    h: HOUR_MS,
    d: DAY_MS,
    w: 7 * DAY_MS,
  },
};

/** Shown where a number cannot be read. */
export const amountExamples: Record<NumberKind, string> = {
  count: '2, >=2 or 2..4',
  number: '8, >8 or 1.5..4',
  percent: '>80 or 20..50%',
  celsius: '>80 or 60..75C',
  watts: '>300 or 100..200W',
  megahertz: '<1000 or 1200..1500MHz',
  bytes: '>40G, <500M or 20..40GiB',
  duration: '>30m, <2h or 1d..1w',
};

interface Amount {
  value: number;
  /** What the last digit is worth: `80G` stands for all that rounds to it. */
  step: number;
}

type Read<Value> = { ok: true; value: Value } | { ok: false; fault: string };

const NUMBER = /^-?(\d{1,15})(?:\.(\d{1,6}))?/;
const UNIT = /^[a-z°%]*/;

/** `text` in lower case. Compound durations such as `1d12h` add up. */
function readAmount(kind: NumberKind, text: string): Read<Amount> {
  const units = unitsOf[kind];
  let rest = text;
  let value = 0;
  let step = 0;
  do {
    const found = NUMBER.exec(rest);
    if (!found) return { ok: false, fault: `"${text}" is no number` };
    const number = Number(found[0]);
    const unit = UNIT.exec(rest.slice(found[0].length))?.[0] ?? '';
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (factor === undefined && !(unit === '' && number === 0)) {
      const known = Object.keys(units).filter((name) => name !== '');
      const needed = unit === '' ? `"${text}" needs a unit` : `"${unit}" is no unit here`;
      return { ok: false, fault: known.length > 0 ? `${needed} (${known.join(', ')})` : needed };
    }
    value += number * (factor ?? 1);
    step = (factor ?? 1) / 10 ** (found[2]?.length ?? 0);
    rest = rest.slice(found[0].length + unit.length);
  } while (kind === 'duration' && rest !== '');
  return rest === '' ? { ok: true, value: { value, step } } : { ok: false, fault: `"${text}" is no number` };
}

const ENDLESS = {
  low: Number.NEGATIVE_INFINITY,
  high: Number.POSITIVE_INFINITY,
  isLowOpen: false,
  isHighOpen: false,
};

type Ends = Omit<IntervalTest, 'kind' | 'text'>;

function comparison(operator: string, { value, step }: Amount): Ends {
  switch (operator) {
    case '>':
      return { ...ENDLESS, low: value, isLowOpen: true };
    case '>=':
      return { ...ENDLESS, low: value };
    case '<':
      return { ...ENDLESS, high: value, isHighOpen: true };
    case '<=':
      return { ...ENDLESS, high: value };
    default:
      return { low: value - step / 2, high: value + step / 2, isLowOpen: false, isHighOpen: true };
  }
}

/** `40..80g`: the unit of the upper end counts for both. */
function readRange(kind: NumberKind, low: string, high: string): Read<Ends> {
  const unit = UNIT.exec(high.slice(NUMBER.exec(high)?.[0].length ?? 0))?.[0] ?? '';
  const lowText = /[0-9]$/.test(low) && high !== '' ? low + unit : low;
  const ends = [lowText, high].map((text) => (text === '' ? null : readAmount(kind, text)));
  for (const end of ends) if (end?.ok === false) return end;
  const [from, to] = ends.map((end) => (end?.ok ? end.value.value : null));
  if (from !== null && from !== undefined && to !== null && to !== undefined && from > to)
    return { ok: false, fault: `"${low}..${high}" ends before it begins` };
  return { ok: true, value: { ...ENDLESS, low: from ?? ENDLESS.low, high: to ?? ENDLESS.high } };
}

function readEnds(kind: NumberKind, text: string): Read<Ends> {
  const operator = /^(?:[<>]=?|=)?/.exec(text)?.[0] ?? '';
  const rest = text.slice(operator.length);
  const dots = operator === '' ? rest.indexOf('..') : -1;
  if (dots >= 0 && rest.length > 2) return readRange(kind, rest.slice(0, dots), rest.slice(dots + 2));
  const amount = readAmount(kind, rest);
  return amount.ok ? { ok: true, value: comparison(operator, amount.value) } : amount;
}

/** A number alone stands for what is rounded to it; ranges include both ends. `fault` lacks its full stop. */
export function parseInterval(kind: NumberKind, written: string): Read<IntervalTest> {
  const text = written.toLowerCase().replace(/\s+/g, '');
  const ends = readEnds(kind, text);
  return ends.ok ? { ok: true, value: { kind: 'interval', text, ...ends.value } } : ends;
}

/** An absent figure lies in no interval. */
export function isWithin(value: number | null, { low, high, isLowOpen, isHighOpen }: IntervalTest): boolean {
  if (value === null) return false;
  return (isLowOpen ? value > low : value >= low) && (isHighOpen ? value < high : value <= high);
}
