import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandHostlist, parseIndexes } from './ranges.ts';

/** As Slurm writes them: runs of neighbours with a dash. */
function writeIndexes(indexes: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const index of indexes) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === index - 1) last[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

describe('lists of indexes', () => {
  it.each([
    ['0', [0]],
    ['0-1,3', [0, 1, 3]],
    ['3,0-1,1', [0, 1, 3]],
    ['', []],
    ['N/A', []],
    ['5-2', []],
    ['0-,2', [2]],
  ])('%s', (text, expected) => expect(parseIndexes(text)).toEqual(expected));

  it('are read as they are written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(255), { maxLength: 64 }), (indexes) => {
        const sorted = indexes.toSorted((a, b) => a - b);
        expect(parseIndexes(writeIndexes(sorted))).toEqual(sorted);
      }),
    );
  });

  it('stay short, whatever they say', () => {
    expect(parseIndexes('0-9999').length).toBeLessThanOrEqual(4096);
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const index of parseIndexes(text)) expect(index).toBeLessThanOrEqual(4095);
      }),
    );
  });
});

describe('names of nodes', () => {
  it.each([
    ['n1', ['n1']],
    ['n[1-3]', ['n1', 'n2', 'n3']],
    ['gpu[08-10,20],login', ['gpu08', 'gpu09', 'gpu10', 'gpu20', 'login']],
    ['r[1-2]n[1-2]', ['r1n1', 'r1n2', 'r2n1', 'r2n2']],
    ['a[1-2]-ib,b', ['a1-ib', 'a2-ib', 'b']],
    ['', []],
  ])('%s', (text, expected) => expect(expandHostlist(text, 100)).toEqual(expected));

  it('are no more than were asked for', () => {
    expect(expandHostlist('n[1-999999999]', 5)).toHaveLength(5);
    expect(expandHostlist('a[1-9999]b[1-9999]c[1-9999]d[1-9999]', 7)).toHaveLength(7);
    expect(expandHostlist('[1-2]'.repeat(10_000), 10).length).toBeLessThanOrEqual(10);
    fc.assert(fc.property(fc.string(), (text) => expandHostlist(text, 20).length <= 20));
  });
});
