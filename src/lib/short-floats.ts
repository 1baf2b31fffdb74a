/**
 * Numbers in 16 bits: 6 of exponent and 10 of fraction, from 0.001 to 9 million billion with a relative error of at
 * most 1/2048, tenths exact below 128. A chart shows no difference, and ten thousand nodes need half the memory.
 */

/** No value. */
export const ABSENT = 0;
const ZERO = 1;
const LARGEST = 65_535;
/** Of a 32-bit float's 23 bits of fraction, so many are dropped. */
const DROPPED_BITS = 13;
const HALF = 1 << (DROPPED_BITS - 1);
/** What is subtracted from a float's exponent of 8 bits: 2^-10 gets 1. */
const BASE = 116 << 10;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** NaN becomes ABSENT; what is below 0 becomes 0. */
export function toShortFloat(value: number): number {
  if (Number.isNaN(value)) return ABSENT;
  if (value <= 0) return ZERO;
  float[0] = value;
  const code = (((bits[0] ?? 0) + HALF) >>> DROPPED_BITS) - BASE;
  return code > LARGEST ? LARGEST : code < 1 << 10 ? ZERO : code;
}

/** Null for ABSENT. */
export function fromShortFloat(code: number): number | null {
  if (code === ABSENT) return null;
  if (code === ZERO) return 0;
  bits[0] = (code + BASE) << DROPPED_BITS;
  return float[0] ?? null;
}

/** What is added to values of a unit first: short floats know no sign, and a temperature may be below zero. */
export const shiftOf = (unit: string) => (unit === 'celsius' ? 100 : 0);
