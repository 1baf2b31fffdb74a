import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignColumns, headings, type TextCell } from './align-columns.ts';
import { cutToWidth, widthOf } from './text-width.ts';

const style = (width: number | null, hasColour = false) => ({ width, hasColour });
const withoutColours = (text: string) => text.replace(/\u001b\[\d+m/g, '');

describe('alignColumns', () => {
  it('counts columns of the terminal, not characters', () => {
    expect(
      alignColumns([
        ['NAME', 'STATE'],
        ['漢字', 'live'],
        ['a\u0301bc', 'live'],
        ['💻', 'live'],
      ]),
    ).toEqual(['NAME  STATE', '漢字  live', 'a\u0301bc   live', '💻    live']);
  });

  it('keeps what stands behind a column without any text', () => {
    expect(alignColumns([['a', '', 'b']], '', style(40))).toEqual(['a    b']);
    expect(alignColumns([['a', '', '']])).toEqual(['a']);
    expect(alignColumns([['', '']], '  ')).toEqual(['']);
  });

  it('leaves out nothing where there is no terminal', () => {
    const long = 'x'.repeat(2_000);
    expect(alignColumns([['a', long, 'b']])).toEqual([`a  ${long}  b`]);
  });

  it('lets the widest columns give way, all to the same width', () => {
    const rows = [['node', 'm'.repeat(40), 'live', 'p'.repeat(60)]];
    const [line = ''] = alignColumns(rows, '', style(60));
    expect(line).toBe(`node  ${'m'.repeat(22)}…  live  ${'p'.repeat(22)}…`);
    expect(widthOf(line)).toBe(60);
  });

  it('leaves out at the right edge what has no room, and cuts no figure in two', () => {
    const rows = [
      ['NODE', 'GPU MEM', 'RAM'],
      ['gpu01', '178.7 GiB', '2.0 TiB'],
    ];
    expect(alignColumns(rows, '', style(24))).toEqual(
      ['NODE   GPU MEM    RAM', 'gpu01  178.7 GiB  2.0 TiB'].map((line) => line.slice(0, 16).trimEnd()),
    );
    expect(alignColumns(rows, '', style(25))).toEqual(['NODE   GPU MEM    RAM', 'gpu01  178.7 GiB  2.0 TiB']);
    expect(alignColumns(rows, '', style(4))).toEqual(['NODE', 'gpu…']);
  });

  it('gives way at the right edge where no column can', () => {
    const rows = [Array.from({ length: 12 }, (_, at) => `column-${at}-`.padEnd(12, 'x'))];
    const [line = ''] = alignColumns(rows, '  ', style(40));
    expect(widthOf(line)).toBeLessThanOrEqual(40);
    expect(line).toMatch(/^ {2}column-0-xxx {2}column-1-… {2}/);
  });

  it('cuts what names the rows last', () => {
    const rows = [48120, 48157].map((id) => [`slurm ${id}`, 'n'.repeat(30), 'u'.repeat(30), '120.0 GiB']);
    for (const line of alignColumns(rows, '', style(50))) expect(line).toMatch(/^slurm 481(?:20|57) {2}n/);
    const [long = ''] = alignColumns([['x'.repeat(40), 'y'.repeat(40)]], '', style(40));
    expect(long).toBe(`${'x'.repeat(23)}…  ${'y'.repeat(13)}…`);
  });

  it('makes visible what could steer a terminal, and colours only by itself', () => {
    const rows: TextCell[][] = [headings(['STATE']), [{ text: 'live', tone: 'good' }], ['\u001b[31mevil']];
    expect(alignColumns(rows, '', style(null, true))).toEqual([
      '\u001b[1mSTATE\u001b[0m',
      '\u001b[32mlive\u001b[0m',
      '\\x1b[31mevil',
    ]);
    expect(alignColumns(rows)).toEqual(['STATE', 'live', '\\x1b[31mevil']);
  });

  it('is never wider than the terminal, and the same in colour', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.record({
        text: fc.string({ unit: 'grapheme', maxLength: 30 }),
        tone: fc.constantFrom('good' as const, 'bad' as const, null),
      }),
    );
    const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 6 }), { maxLength: 6 });
    fc.assert(
      fc.property(table, fc.integer({ min: 4, max: 200 }), (rows, width) => {
        const plain = alignColumns(rows, ' ', style(width));
        for (const line of plain) expect(widthOf(line)).toBeLessThanOrEqual(width);
        expect(plain).toHaveLength(rows.length);
        expect(alignColumns(rows, ' ', style(width, true)).map(withoutColours)).toEqual(plain);
      }),
    );
  });
});

describe('cutToWidth', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['漢字漢字', 5, '漢字…'],
    ['漢字漢字', 4, '漢…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['abc', 0, ''],
    ['abc', 1, '…'],
    ['abc', Number.POSITIVE_INFINITY, 'abc'],
  ])('makes %j fit into %d columns', (text, width, cut) => {
    expect(cutToWidth(text, width)).toBe(cut);
  });
});
