import { describe, expect, it } from 'vitest';
import { createMessageMeter } from './message-meter.ts';

describe('message meter', () => {
  it('lets a healthy monitor and a burst through, and stops a flood', () => {
    let nowMs = 0;
    const meter = createMessageMeter(() => nowMs);
    for (let second = 0; second < 100; second++) {
      nowMs += 1_000;
      expect(meter.count(10_000)).toBeNull();
    }
    for (let message = 0; message < 300; message++) expect(meter.count(1_000)).toBeNull();
    const flood = Array.from({ length: 1_000 }, () => meter.count(100));
    expect(flood.at(-1)).toContain('messages a second');
  });
});
