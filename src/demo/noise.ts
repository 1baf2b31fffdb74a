/** A figure near `value`, at most `spread` away and never below zero. */
export type Noise = (value: number, spread: number) => number;

/** `random` gives numbers from 0 to 1. */
export const createNoise =
  (random: () => number): Noise =>
  (value, spread) =>
    Math.max(0, value + (random() - 0.5) * 2 * spread);

/** Rounded to one digit behind the point. */
export const tenths = (value: number) => Math.round(value * 10) / 10;
