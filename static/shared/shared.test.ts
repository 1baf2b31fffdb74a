import { describe, expect, test } from 'vitest';
import { formatBytes, formatRate, formatValue } from './figures.js';
import {
  celsiusOfShare,
  GPU_HEAT_METRICS,
  HEAT_LEVELS,
  HEAT_USES,
  heatLevel,
  shareOfCelsius,
  shareOfLevel,
} from './heat-scale.js';
import { isPlainText, quoteText } from './query-text.js';
import { headingHtml, isLight } from './rows.js';

/** What server and browser both use, as it is served: without a build. */

describe('figures', () => {
  test('a chart writes values in the units of their series', () => {
    const percents = [0, 7, 42, 77.46, 100].map((value) => formatValue('percent', value));
    expect(percents).toEqual(['0%', '7%', '42%', '77.5%', '100%']);
    expect(formatValue('cores', 310)).toBe('3.1 cores');
    expect(formatValue('cores', 1_630)).toBe('16 cores');
    expect(formatValue('bytes', 1.5 * 1024 ** 3)).toBe('1.5 GiB');
    expect(formatValue('bytesPerSecond', 5 * 1024)).toBe('5 KiB/s');
    expect([formatValue('celsius', 71), formatValue('watts', 250.04)]).toEqual(['71 °C', '250 W']);
    expect(formatValue('percent', null)).toBe('–');
  });

  test('what is more than any unit keeps the largest', () => {
    expect(formatBytes(5 * 1024 ** 6)).toBe('5.0 EiB');
    expect(formatBytes(2 ** 80)).toBe('1048576.0 EiB');
    expect(formatRate(2 * 1024 ** 5)).toBe('2.0 PiB/s');
  });
});

describe('the scale of the heat map', () => {
  test('a level is read as the share that it was made of', () => {
    for (let level = 0; level < HEAT_LEVELS.length; level += 1)
      expect(HEAT_LEVELS.indexOf(heatLevel(shareOfLevel(level)))).toBe(level);
  });

  test('temperatures lie between 20 and 95 °C', () => {
    expect([20, 57.5, 95, null].map(shareOfCelsius)).toEqual([0, 0.5, 1, null]);
    expect([0, 0.5, 1].map(celsiusOfShare)).toEqual([20, 57.5, 95]);
  });

  test('signs are one character each, and all different', () => {
    expect(new Set(HEAT_USES).size).toBe(5);
    expect(HEAT_USES.every((use) => use.length === 1)).toBe(true);
    expect(GPU_HEAT_METRICS).toContain('temperature');
  });
});

test('a text in a search is quoted where it must be', () => {
  expect(['ann', 'a.b@c', 'ann lee', 'a"b', '-a', ''].map(quoteText)).toEqual([
    'ann',
    'a.b@c',
    '"ann lee"',
    '"a\\"b"',
    '"-a"',
    '""',
  ]);
  expect([isPlainText('Jürgen'), isPlainText('a,b')]).toEqual([true, false]);
});

test('rows of lists and tables are light, in whatever case', () => {
  expect(['li', 'TR', 'section', 'DIV'].map(isLight)).toEqual([true, true, false, false]);
  expect(headingHtml('li', 'a')).toBe('<li class="group">a</li>');
  expect(headingHtml('tr', 'a')).toContain('<th colspan="99" scope="colgroup">a</th>');
  expect(headingHtml('section', 'a')).toBe('<h2 class="group">a</h2>');
});
