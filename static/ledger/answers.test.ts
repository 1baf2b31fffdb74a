import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byWeek, everyDay, type Period } from './answers.js';
import { hoursText } from './words.js';

const day = (key: string, held: number | null, idle: number | null = 0): Period => ({
  key,
  gpuHoursHeld: held,
  gpuHoursActive: held === null || idle === null ? null : held - idle,
  gpuHoursIdle: idle,
  gpuHoursUnknown: 0,
  cpuHours: 1,
  energyKilowattHours: null,
  jobs: 2,
});
const DAY = 86_400_000;

test('every day of a range stands there, known or not', () => {
  const from = Date.UTC(2026, 10, 29, 23);
  const days = everyDay([day('2026-11-30', 5), day('2026-01-01', 9)], from, from + 2 * DAY);
  expect(days.map(({ key, row }) => [key, row?.gpuHoursHeld ?? null])).toEqual([
    ['2026-11-29', null],
    ['2026-11-30', 5],
    ['2026-12-01', null],
  ]);
});

test('weeks begin on Mondays, and what is unknown of a day counts for nothing', () => {
  const rows = [
    day('2026-11-29', 1),
    day('2026-11-30', 2, 1),
    day('2026-12-01', null, null),
    day('2026-12-06', 4),
  ];
  const days = everyDay(rows, Date.UTC(2026, 10, 29), Date.UTC(2026, 11, 15));
  expect(
    byWeek(days).map(({ key, row }) => [key, row?.gpuHoursHeld ?? null, row?.gpuHoursIdle ?? null]),
  ).toEqual([
    ['2026-11-23', 1, 0],
    ['2026-11-30', 6, 1],
    ['2026-12-07', null, null],
    ['2026-12-14', null, null],
  ]);
  // Of a figure that no day has, a week has none.
  expect(byWeek(days)[1]?.row?.energyKilowattHours).toBeNull();
});

test('weeks come to what their days come to', () => {
  const hours = fc.option(fc.double({ min: 0, max: 1e4, noNaN: true }), { nil: null });
  fc.assert(
    fc.property(fc.array(hours, { maxLength: 60 }), fc.integer({ min: 0, max: 20_000 }), (held, first) => {
      const rows = held.map((value, at) =>
        day(new Date((first + at) * DAY).toISOString().slice(0, 10), value, null),
      );
      const days = everyDay(rows, first * DAY, (first + held.length) * DAY);
      const sum = (all: { row: Period | null }[]) =>
        all.reduce((total, { row }) => total + (row?.gpuHoursHeld ?? 0), 0);
      expect(sum(byWeek(days))).toBeCloseTo(sum(days), 4);
      for (const { key } of byWeek(days)) expect(new Date(key).getUTCDay()).toBe(1);
    }),
  );
});

test('hours are written with as much as they tell', () => {
  const texts = [0, 0.04, 0.5, 12.34, 1234.5, null].map(hoursText);
  expect(texts).toEqual(['0 h', '< 0.1 h', '0.5 h', '12.3 h', '1235 h', '–']);
});
