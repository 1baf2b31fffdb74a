import { cutText } from './cut-text.ts';
import { visibleText } from './visible-text.ts';

/** Times as people and programs type them in addresses and on command lines. */

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: MINUTE_MS,
  h: 60 * MINUTE_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
};

/** A month that is not over yet, or a clock that is ahead, is meant; the year 30000 is not. */
const LONGEST_AHEAD_MS = 366 * DAY_MS;
/** Numbers between these are seconds of our time (1973 to 5138), which as milliseconds would be the year 1970. */
const SECONDS_FROM = 1e8;
const SECONDS_TO = 1e11;
const LONGEST_SHOWN = 60;

const shown = (text: string) => `"${visibleText(cutText(text, LONGEST_SHOWN))}"`;
const inMinutes = (epochMs: number) => `${new Date(epochMs).toISOString().slice(0, 16)}Z`;

const EXAMPLES = 'as 2026-01-31T09:00Z, as epoch milliseconds, or as -15m, -24h or -7d';

/**
 * Epoch ms of a time as ISO 8601 with a zone, epoch milliseconds, or `-15m`, `-24h`, `-7d` before `nowMs` (also `s` and
 * `w`). Throws an `Error` whose message is a sentence with the text and the remedy: also for a time without a zone, which
 * nobody could tell whose it is, and for one that lies before 1970 or more than a year ahead.
 */
export function parseTime(text: string, nowMs: number): number {
  const timeMs = readTime(text.trim(), nowMs);
  if (timeMs < 0) throw new Error(`${shown(text)} lies before 1970`);
  if (timeMs > nowMs + LONGEST_AHEAD_MS)
    throw new Error(`${shown(text)} lies more than a year ahead; it is ${inMinutes(nowMs)} now`);
  return timeMs;
}

/** Milliseconds of `90s`, `15m`, `24h`, `30d`, `2w`: how long. Throws an `Error` with a sentence. */
export function parseSpan(text: string): number {
  const spanMs = readSpan(text.trim());
  if (spanMs === null || spanMs === 0)
    throw new Error(`${shown(text)} is no length of time; give it as 24h, 7d or 2w`);
  return spanMs;
}

function readSpan(text: string): number | null {
  const [, digits, unit = ''] = /^(\d{1,9})([smhdw])$/i.exec(text) ?? [];
  const factor = unitMs[unit.toLowerCase()];
  return digits === undefined || factor === undefined ? null : Number(digits) * factor;
}

function readTime(text: string, nowMs: number): number {
  if (/^\d{1,16}$/.test(text)) return readEpoch(text);
  if (text.startsWith('-')) {
    const spanMs = readSpan(text.slice(1));
    if (spanMs !== null) return Math.floor(nowMs) - spanMs;
  }
  if (readSpan(text) !== null)
    throw new Error(
      `${shown(text)} is a length of time and no time; of what lies so far back it is -${text}`,
    );
  return readMoment(text);
}

function readEpoch(text: string): number {
  const number = Number(text);
  if (number >= SECONDS_FROM && number < SECONDS_TO)
    throw new Error(`${shown(text)} looks like seconds; times are milliseconds: ${number * 1000}`);
  return number;
}

/** A plus that was not escaped in an address arrives as a blank. */
const MOMENT =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?:([Zz])|([ +-])(\d\d):?(\d\d)?)?$/;

function readMoment(text: string): number {
  const found = MOMENT.exec(text);
  if (found === null) throw new Error(`${shown(text)} is no time; give it ${EXAMPLES}`);
  const [
    ,
    year,
    month,
    day,
    hour,
    minute = '0',
    second = '0',
    fraction = '0',
    zulu,
    sign,
    ahead = '0',
    more = '0',
  ] = found;
  const parts = [year, month, day, hour ?? '0', minute, second].map(Number);
  const wallMs = Date.UTC(parts[0] ?? 0, (parts[1] ?? 0) - 1, ...parts.slice(2));
  const isReal = new Date(wallMs)
    .toISOString()
    .startsWith(`${year}-${month}-${day}T${hour ?? '00'}:${minute.padStart(2, '0')}`);
  if (!isReal || Number(second) > 59 || Number(ahead) > 14 || Number(more) > 59)
    throw new Error(`${shown(text)} is in no calendar; give a time ${EXAMPLES}`);
  if (zulu === undefined && sign === undefined)
    throw new Error(
      `${shown(text)} has no zone; say which one: ${wholeWith(text, hour)}Z for UTC, or with an offset such as +01:00`,
    );
  if (hour === undefined)
    throw new Error(`${shown(text)} has no time of day; write ${year}-${month}-${day}T00:00Z`);
  const offsetMs = (Number(ahead) * 60 + Number(more)) * MINUTE_MS * (sign === '-' ? -1 : 1);
  return wallMs + Math.floor(Number(`0.${fraction}`) * 1000) - offsetMs;
}

/** As it should have been typed, short of its zone. */
const wholeWith = (text: string, hour: string | undefined) =>
  hour === undefined ? `${text}T00:00` : text.replace(' ', 'T');
