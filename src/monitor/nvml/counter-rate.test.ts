import { describe, expect, it } from 'vitest';
import { createCounterRate } from './counter-rate.ts';

describe('a counter’s rate', () => {
  it('is null at first, after a gap, and where the counter fell', () => {
    const counter = createCounterRate();
    expect(counter.rate(1000, 0)).toBeNull();
    expect(counter.rate(3000, 1000)).toBe(2000);
    expect(counter.rate(10, 2000)).toBeNull();
    expect(counter.rate(null, 3000)).toBeNull();
    expect(counter.rate(50, 4000)).toBeNull();
    expect(counter.rate(60, 5000)).toBe(10);
    expect(counter.rate(60, 5000)).toBeNull();
  });
});
