import { describe, expect, test } from 'vitest';
import { HEAT_ABSENT, heatLevel } from '../shared/heat-scale.js';
import { ABSENT, cellAt, DIMMED, levelAt, readCell, useAt } from './cells.js';
import { knownMetric, metricOf, useWords } from './metrics.js';
import { beside, cellUnder, place } from './places.js';
import { nothingShown, paintChanged, takeFigures, takeLayout } from './shown.js';

describe('cells', () => {
  test('are read as the head wrote them', () => {
    const levels = [0, 0.5, 1, null].map(heatLevel).join('');
    expect([0, 1, 2, 3].map((at) => levelAt(levels, at))).toEqual([0, 32, 63, ABSENT]);
    expect(readCell(cellAt(`${HEAT_ABSENT}${heatLevel(1)}`, 'xi', 1))).toEqual({ level: 63, use: 'i' });
    // What nobody can tell is absent, and not known.
    expect([levelAt('é', 0), levelAt('', 5), useWords('gpus')[useAt('!', 0)]]).toEqual([
      ABSENT,
      ABSENT,
      'not known',
    ]);
  });

  test('say what they show in words', () => {
    const { text } = metricOf('temperature');
    expect([text(0), text(32), text(63)]).toEqual(['20 °C or less', 'about 58 °C', '95 °C or more']);
    expect(metricOf('utilization').text(63)).toBe('about 100 % used');
    expect([knownMetric('nodes', 'memory'), knownMetric('gpus', 'power')]).toEqual(['cpu', 'power']);
  });
});

describe('places', () => {
  test('a node goes to the next line as a whole, and cells are as large as fit', () => {
    const places = place([2, 2], 60, 100);
    expect(places.xs).toEqual([0, 22, 0, 22]);
    expect(places.ys).toEqual([0, 0, 25, 25]);
    expect(cellUnder(places, 23, 26)).toBe(3);
    expect(cellUnder(places, 59, 1)).toBe(-1);
    expect([beside(places, 1, 1), beside(places, 1, -1)]).toEqual([3, 1]);
    expect(place([1_000], 100, 10).pitch).toBe(3);
  });
});

test('only what changed is painted, and nodes beside the point are dimmed', () => {
  const shown = nothingShown();
  const layout = {
    version: 1,
    of: 'gpus' as const,
    nodes: [
      ['a', 'live', 2],
      ['b', 'live', ['0', '1.0']],
    ] satisfies [string, string, number | string[]][],
  };
  expect(takeLayout(shown, layout)).toBe(false);
  expect(shown.labels).toEqual(['0', '1', '0', '1.0']);
  expect(takeLayout(shown, { ...layout, version: 2 })).toBe(true);
  shown.painted = new Int32Array(4).fill(-1);
  const painted: number[] = [];
  const paint = (at: number) => painted.push(at);
  takeFigures(shown, { version: 2, levels: '0000', uses: 'bbbb' }, (name) => name === 'b');
  paintChanged(shown, paint);
  takeFigures(shown, { version: 2, levels: '0100', uses: 'bbbb' }, (name) => name === 'b');
  paintChanged(shown, paint);
  expect(painted).toEqual([0, 1, 2, 3, 1]);
  expect(Array.from(shown.cells, (cell) => cell >= DIMMED)).toEqual([false, false, true, true]);
});
