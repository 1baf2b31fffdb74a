import { expect, test } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatOpenPercent,
  formatPercent,
  formatRate,
} from './format.ts';

test('bytes keep at most three digits', () => {
  const shown = [
    0,
    1023,
    1024,
    581 * 1024 ** 2,
    1023.6 * 1024,
    1.5 * 1024 ** 3,
    256 * 1024 ** 3,
    2048 * 1024 ** 3,
  ];
  expect(shown.map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '581 MiB',
    '1.0 MiB',
    '1.5 GiB',
    '256 GiB',
    '2.0 TiB',
  ]);
  expect(formatRate(1024)).toBe('1.0 KiB/s');
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

test('absent is a dash', () => {
  for (const format of [
    formatAge,
    formatBytes,
    formatDuration,
    formatOpenPercent,
    formatPercent,
    formatRate,
  ]) {
    expect(format(null)).toBe('–');
  }
  expect([0.04, 9.94, 9.96, 1630].map(formatOpenPercent)).toEqual(['0.0%', '9.9%', '10%', '1630%']);
});
