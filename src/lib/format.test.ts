import { expect, test } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatBytesOf,
  formatCores,
  formatCoresOf,
  formatDuration,
  formatMoment,
  formatOpenPercent,
  formatPercent,
  formatRate,
  isoMoment,
} from './format.ts';

test('bytes are whole below 1 GiB and have one digit from there on', () => {
  const shown = [
    0,
    1023,
    1024,
    581 * 1024 ** 2,
    1023.6 * 1024,
    1.5 * 1024 ** 3,
    256 * 1024 ** 3,
    2048 * 1024 ** 3,
    1023.4 * 1024 ** 2,
    1023.6 * 1024 ** 2,
    1023.94 * 1024 ** 3,
    1023.96 * 1024 ** 3,
  ];
  expect(shown.map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1 KiB',
    '581 MiB',
    '1 MiB',
    '1.5 GiB',
    '256.0 GiB',
    '2.0 TiB',
    '1023 MiB',
    '1.0 GiB',
    '1023.9 GiB',
    '1.0 TiB',
  ]);
  expect(formatRate(1024)).toBe('1 KiB/s');
});

test('durations as MTCMon writes them', () => {
  const seconds = [0, 48, 348, 14_162, 112_583, 30_000_000];
  expect(seconds.map((value) => formatDuration(value * 1000))).toEqual([
    '0s',
    '48s',
    '5m48s',
    '3h56m02s',
    '1d7h16m23s',
    '347d5h20m00s',
  ]);
});

test('ages are whole and never below a second', () => {
  const ms = [0, 1999, 2000, 119_999, 120_000, 7_200_000, 172_800_000];
  expect(ms.map(formatAge)).toEqual([
    '1 s ago',
    '1 s ago',
    '2 s ago',
    '119 s ago',
    '2 min ago',
    '2 h ago',
    '2 d ago',
  ]);
});

test('what is used of what there is has one unit where both have the same', () => {
  expect(formatBytesOf(23 * 1024 ** 3, 24 * 1024 ** 3)).toBe('23.0 of 24.0 GiB');
  expect(formatBytesOf(581 * 1024 ** 2, 24 * 1024 ** 3)).toBe('581 MiB of 24.0 GiB');
  expect(formatBytesOf(549 * 1024 ** 3, 2048 * 1024 ** 3)).toBe('549.0 GiB of 2.0 TiB');
  expect(formatBytesOf(null, 1)).toBe('–');
});

test('cores are no percentages, and never more than there are', () => {
  expect([0, 12, 312, 994, 21_300].map(formatCores)).toEqual([
    '0.0 cores',
    '0.1 cores',
    '3.1 cores',
    '9.9 cores',
    '213 cores',
  ]);
  expect(formatCoresOf(312, 32)).toBe('3.1 of 32');
  expect(formatCoresOf(3_300, 32)).toBe('32 of 32');
  expect(formatCoresOf(312, null)).toBe('3.1');
});

test('moments name their zone', () => {
  expect(formatMoment(1_700_000_000_000)).toBe('2023-11-14 22:13:20 UTC');
  expect(isoMoment(1_700_000_000_000)).toBe('2023-11-14T22:13:20.000Z');
  expect([formatMoment(null), isoMoment(null)]).toEqual(['–', null]);
  // No date can hold it.
  expect([formatMoment(9e15), isoMoment(9e15)]).toEqual(['–', null]);
});

test('absent is a dash', () => {
  for (const format of [
    formatAge,
    formatBytes,
    formatCores,
    formatDuration,
    formatOpenPercent,
    formatPercent,
    formatRate,
  ]) {
    expect(format(null)).toBe('–');
  }
  expect([0.04, 9.94, 9.96, 1630].map(formatOpenPercent)).toEqual(['0.0%', '9.9%', '10%', '1630%']);
});
