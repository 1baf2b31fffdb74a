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

  it('lets a node take a little of the time of the head, and one long pause, but not all of it', () => {
    let nowMs = 0;
    const meter = createMessageMeter(() => nowMs);
    for (let second = 0; second < 600; second++) {
      nowMs += 1_000;
      expect(meter.countTime(40)).toBeNull();
    }
    // The head itself was stopped.
    expect(meter.countTime(20_000)).toBeNull();
    const greedy = Array.from({ length: 60 }, () => {
      nowMs += 250;
      return meter.countTime(240);
    });
    expect(greedy[0]).toBeNull();
    expect(greedy.at(-1)).toContain("100 ms of the head's time a second");
  });
});
