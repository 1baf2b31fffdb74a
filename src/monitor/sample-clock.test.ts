import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSampleClock, type SampleClock } from './sample-clock.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** When samples were taken, in ms after the start; each takes `costMs`. */
function run(options: { paceMs?: number; costMs?: number; readAtMs?: number[]; untilMs: number }) {
  const takenAtMs: number[] = [];
  const startMs = performance.now();
  const clock: SampleClock = createSampleClock(
    () => performance.now(),
    () => {
      takenAtMs.push(performance.now() - startMs);
      vi.advanceTimersByTime(options.costMs ?? 0);
    },
    () => options.paceMs ?? 1_000,
  );
  clock.start(0);
  for (const atMs of options.readAtMs ?? []) setTimeout(() => clock.onGpusRead(), atMs);
  vi.advanceTimersByTime(options.untilMs);
  clock.stop();
  return { takenAtMs, clock };
}

const every = (ms: number, count: number, firstMs = 0) =>
  Array.from({ length: count }, (_, at) => firstMs + at * ms);

describe('samples', () => {
  it('are taken at an even pace by the clock', () => {
    expect(run({ untilMs: 4_500 }).takenAtMs).toEqual(every(1_000, 5));
    expect(run({ untilMs: 4_500, costMs: 300 }).takenAtMs.slice(0, 5)).toEqual(every(1_000, 5));
  });

  it('follow the GPUs wherever their pace began', () => {
    for (const firstMs of [10, 130, 499, 501, 870, 990]) {
      const { takenAtMs } = run({ untilMs: 6_000, readAtMs: every(1_000, 6, firstMs) });
      const follow = takenAtMs.filter((ms) => ms > 1_300);
      expect(follow).toEqual(every(1_000, 5, 1_000 + firstMs).filter((ms) => ms > 1_300));
      // None is left out on the way.
      const gaps = takenAtMs.slice(1).map((ms, at) => ms - (takenAtMs[at] ?? 0));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(1_500);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(500);
    }
  });

  it('follow readings that come some milliseconds early or late', () => {
    const readAtMs = every(1_000, 20, 700).map((ms, at) => ms + ((at * 37) % 100));
    expect(run({ untilMs: 19_900, readAtMs }).takenAtMs.slice(1)).toEqual(
      readAtMs.filter((ms) => ms <= 19_900),
    );
  });

  it('go on by the clock when the GPUs are not read any more, and when they are read more seldom', () => {
    expect(run({ untilMs: 6_000, readAtMs: [700, 1_700] }).takenAtMs).toEqual([
      0, 700, 1_700, 2_950, 3_950, 4_950, 5_950,
    ]);
    const { takenAtMs } = run({ untilMs: 20_000, readAtMs: every(3_300, 6, 700) });
    const gaps = takenAtMs.slice(1).map((ms, at) => ms - (takenAtMs[at] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1_750);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(500);
  });

  it('that are seldom wait for half a second at most', () => {
    const { takenAtMs } = run({ paceMs: 10_000, untilMs: 45_000, readAtMs: [8_000, 18_000] });
    expect(takenAtMs).toEqual([0, 8_000, 18_000, 28_500, 38_500]);
  });

  it('are waited for no less than not at all, however late: newer runtimes complain of that', () => {
    const waits = vi.spyOn(globalThis, 'setTimeout');
    let nowMs = 0;
    const late = () => (nowMs += 0.01);
    const clock = createSampleClock(
      late,
      () => (nowMs += 5_000),
      () => 1_000,
    );
    clock.start(0);
    vi.advanceTimersByTime(10);
    clock.restart();
    clock.stop();
    expect(waits.mock.calls.length).toBeGreaterThan(2);
    expect(Math.min(...waits.mock.calls.map(([, ms]) => ms ?? 0))).toBe(0);
  });

  it('end when the clock is stopped, whatever comes', () => {
    const { takenAtMs, clock } = run({ untilMs: 2_500 });
    clock.onGpusRead();
    clock.restart();
    vi.advanceTimersByTime(5_000);
    expect(takenAtMs).toHaveLength(3);
  });
});
