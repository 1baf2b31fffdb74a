import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseSpan, parseTime } from './parse-time.ts';

const NOW_MS = Date.UTC(2026, 11, 1, 12);
const HOUR_MS = 3_600_000;

describe('a time', () => {
  it.each([
    ['2026-11-30T10:00:00Z', Date.UTC(2026, 10, 30, 10)],
    ['2026-11-30T10:00Z', Date.UTC(2026, 10, 30, 10)],
    ['2026-11-30 10:00z', Date.UTC(2026, 10, 30, 10)],
    ['2026-11-30T10:00:00.250+01:00', Date.UTC(2026, 10, 30, 9, 0, 0, 250)],
    // An address whose plus was not escaped.
    ['2026-11-30T10:00:00 01:00', Date.UTC(2026, 10, 30, 9)],
    ['2026-11-30T10:00-0530', Date.UTC(2026, 10, 30, 15, 30)],
    ['2026-11-30T10:00+01', Date.UTC(2026, 10, 30, 9)],
    ['2024-02-29T00:00Z', Date.UTC(2024, 1, 29)],
    [String(NOW_MS), NOW_MS],
    ['0', 0],
    ['-15m', NOW_MS - HOUR_MS / 4],
    ['-24h', NOW_MS - 24 * HOUR_MS],
    ['-7d', NOW_MS - 7 * 24 * HOUR_MS],
    ['-2W', NOW_MS - 14 * 24 * HOUR_MS],
    [' -90s ', NOW_MS - 90_000],
    // The month is not over.
    ['2027-01-01T00:00Z', Date.UTC(2027, 0, 1)],
  ])('%s', (text, expected) => {
    expect(parseTime(text, NOW_MS)).toBe(expected);
  });

  it.each([
    [
      '2026-11-30T10:00',
      '"2026-11-30T10:00" has no zone; say which one: 2026-11-30T10:00Z for UTC, or with an offset such as +01:00',
    ],
    ['2026-11-30', 'say which one: 2026-11-30T00:00Z'],
    ['2026-11-30 10:00', 'say which one: 2026-11-30T10:00Z'],
    ['2026-11-30Z', '"2026-11-30Z" has no time of day; write 2026-11-30T00:00Z'],
    ['2026-02-30T00:00Z', 'is in no calendar'],
    ['2026-13-01T00:00Z', 'is in no calendar'],
    ['2026-11-30T24:00Z', 'is in no calendar'],
    ['2026-11-30T10:60Z', 'is in no calendar'],
    ['2026-11-30T10:00:60Z', 'is in no calendar'],
    ['2026-11-30T10:00+99:00', 'is in no calendar'],
    ['1764550000', '"1764550000" looks like seconds; times are milliseconds: 1764550000000'],
    ['24h', 'it is -24h'],
    ['-24', 'is no time; give it as 2026-01-31T09:00Z, as epoch milliseconds, or as -15m, -24h or -7d'],
    ['-1y', 'is no time'],
    ['yesterday', 'is no time'],
    ['', '"" is no time'],
    ['1e400', 'is no time'],
    ['NaN', 'is no time'],
    ['Infinity', 'is no time'],
    ['0x10', 'is no time'],
    ['1.5', 'is no time'],
    ['-999999999w', 'lies before 1970'],
    ['9999999999999999', 'lies more than a year ahead; it is 2026-12-01T12:00Z now'],
    ['9999-01-01T00:00Z', 'lies more than a year ahead'],
    ['1969-01-01T00:00Z', 'lies before 1970'],
    ['now\u001b[2J', '"now\\x1b[2J" is no time'],
  ])('%s is refused with a sentence', (text, sentence) => {
    expect(() => parseTime(text, NOW_MS)).toThrow(sentence);
  });

  it('says no more of a long text than a line has room for', () => {
    expect(() => parseTime('9'.repeat(100_000), NOW_MS)).toThrow(/^.{1,200}$/);
  });

  test('of any moment comes back as it was, in every zone', () => {
    const moment = fc.date({ min: new Date(0), max: new Date(NOW_MS), noInvalidDate: true });
    fc.assert(
      fc.property(moment, fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, minutes) => {
        const there = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
        if (there.startsWith('-') || there.startsWith('+')) return;
        const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) =>
          String(part).padStart(2, '0'),
        );
        expect(parseTime(`${there}${minutes < 0 ? '-' : '+'}${hours}:${rest}`, NOW_MS)).toBe(date.getTime());
      }),
    );
  });

  test('is a whole number or an error, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+]?[0-9TZ:. -]{0,30}[smhdw]?$/)), (text) => {
        try {
          expect(Number.isSafeInteger(parseTime(text, NOW_MS))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect((error as Error).message).toMatch(/^".*" (is|has|lies|looks) /);
        }
      }),
    );
  });
});

describe('a length of time', () => {
  it('is a number with a unit', () => {
    expect(['90s', '15m', '24h', '30d', '2w'].map(parseSpan)).toEqual([
      90_000,
      HOUR_MS / 4,
      24 * HOUR_MS,
      30 * 24 * HOUR_MS,
      14 * 24 * HOUR_MS,
    ]);
  });

  it.each(['', '7', '-7d', '0d', '1.5h', '7days', '1e9d'])('"%s" is none', (text) => {
    expect(() => parseSpan(text)).toThrow('is no length of time; give it as 24h, 7d or 2w');
  });
});
