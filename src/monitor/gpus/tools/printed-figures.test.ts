import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../../../test/support/lines-of.ts';
import { parseNpuSmi } from '../ascend/npu-smi-parse.ts';
import { createHlSmiParser } from '../habana/hl-smi-parse.ts';
import { parseLooseJson } from './loose-json.ts';
import {
  bytesOf,
  numberOf,
  pcieGenerationOf,
  positiveOf,
  printedWord,
  quantityOf,
  wattsOf,
} from './printed-figures.ts';

describe('printed figures', () => {
  it('reads units', () => {
    expect(quantityOf('12.5 W')).toEqual({ value: 12.5, unit: 'W' });
    expect(quantityOf({ value: '3', unit: 'MB' })).toEqual({ value: 3, unit: 'MB' });
    expect(numberOf('(132Mhz)')).toBe(132);
    expect(bytesOf('10.1 GB', 'B')).toBe(Math.round(10.1 * 1024 ** 3));
    expect(bytesOf('12', 'MiB')).toBe(12 * 1024 ** 2);
    expect(bytesOf('12 parsecs', 'MiB')).toBeNull();
    expect(wattsOf('102675 mW')).toBe(102.675);
    expect(pcieGenerationOf('8.0 GT/s PCIe')).toBe(3);
    expect(pcieGenerationOf('Unknown')).toBeNull();
    expect(positiveOf(-1)).toBeNull();
    expect(numberOf('1e999')).toBeNull();
    expect(bytesOf('1e300 GB', 'B')).toBeNull();
  });

  it('takes none of the words for nothing for a word', () => {
    for (const word of [
      'N/A',
      'NA',
      'none',
      'Unknown',
      '',
      '  ',
      '-',
      '[N/A]',
      '[Not Supported]',
      'not supported',
    ])
      expect(printedWord(word)).toBeNull();
    expect(printedWord(' MI300X ')).toBe('MI300X');
  });

  it('never throws, and never gives what is no number', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const found of [numberOf(value), positiveOf(value), bytesOf(value, 'MB'), wattsOf(value)])
          expect(found === null || Number.isFinite(found)).toBe(true);
        printedWord(value);
        pcieGenerationOf(value);
      }),
    );
  });
});

/** A pattern that goes back over blanks again and again would take days over these. */
describe('megabytes of rubbish', () => {
  const BIG = 2_000_000;
  const blanks = ' '.repeat(BIG);

  it.each([
    ['blanks', `${blanks}x`],
    ['empty lines', '\n'.repeat(BIG)],
    ['brackets', '[\n'.repeat(BIG / 2)],
    ['bars', `|${' |'.repeat(BIG / 2)}x`],
    ['a name and blanks', `uuid${blanks}memory.total`],
  ])('%s are refused at once', (_name, text) => {
    expect(numberOf(text)).toBeNull();
    printedWord(text);
    expect(parseLooseJson(text)).toBeNull();
    expect(parseNpuSmi(`| NPU Name | Health |\n${text}`)).toBeNull();
    expect(linesOf(createHlSmiParser().read, text.slice(0, 16_384))).toEqual([]);
  });
});
