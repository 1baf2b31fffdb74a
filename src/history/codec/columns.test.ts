import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReader, createWriter, DamagedBytes, written } from './bytes.ts';
import { NULL, readColumn, writeColumn } from './columns.ts';

const encode = (values: readonly number[]) => {
  const writer = createWriter();
  writeColumn(writer, Int32Array.from(values));
  return written(writer).slice();
};
const decode = (bytes: Uint8Array, length: number) => Array.from(readColumn(createReader(bytes), length));

const value = fc.oneof(
  fc.constant(NULL),
  fc.integer({ min: 0, max: 100 }),
  fc.integer({ min: -0x7fff_ffff, max: 0x7fff_ffff }),
);
const noisy = fc.array(fc.integer({ min: 80, max: 99 }), { maxLength: 200 });
const steps = fc
  .array(fc.tuple(value, fc.integer({ min: 1, max: 60 })), { maxLength: 8 })
  .map((runs) => runs.flatMap(([one, length]) => Array<number>(length).fill(one)));

describe('a column', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(value, { maxLength: 200 }), noisy, steps), (values) => {
        expect(decode(encode(values), values.length)).toEqual(values);
      }),
      { numRuns: 500 },
    );
  });

  it('is followed by the next one', () => {
    fc.assert(
      fc.property(noisy, steps, (first, second) => {
        const writer = createWriter(1);
        writeColumn(writer, Int32Array.from(first));
        writeColumn(writer, Int32Array.from(second));
        const reader = createReader(written(writer));
        expect(Array.from(readColumn(reader, first.length))).toEqual(first);
        expect(Array.from(readColumn(reader, second.length))).toEqual(second);
        expect(reader.at).toBe(writer.length);
      }),
    );
  });

  it.each([
    ['nothing', Array<number>(180).fill(NULL), 1],
    ['the same for half an hour', Array<number>(180).fill(55), 2],
    ['one change', [...Array<number>(90).fill(0), ...Array<number>(90).fill(99)], 7],
  ])('of %s takes a few bytes', (_, values, most) => {
    expect(encode(values).length).toBeLessThanOrEqual(most);
  });

  it('of noise takes its entropy and a tenth more', () => {
    let seed = 7;
    const values = Array.from({ length: 180 }, () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return 80 + (Math.floor(seed / 65_536) % 16);
    });
    expect(encode(values).length).toBeLessThanOrEqual(Math.ceil((180 * 4 * 1.2) / 8));
  });

  it('that is damaged gives other values or an error, and never hangs', () => {
    fc.assert(
      fc.property(noisy, fc.nat(), fc.integer({ min: 0, max: 255 }), (values, place, byte) => {
        const bytes = encode([NULL, ...values]);
        bytes[place % bytes.length] = byte;
        try {
          expect(decode(bytes, values.length + 1)).toHaveLength(values.length + 1);
        } catch (error) {
          expect(error).toBeInstanceOf(DamagedBytes);
        }
      }),
    );
  });
});
