import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createWatching, type Watching } from './watching.ts';

describe('watching', () => {
  const nodes = ['a', 'b', 'c'];
  let watched: string[] = [];
  let told = 0;
  let watching: Watching;
  beforeEach(() => {
    vi.useFakeTimers();
    watched = [];
    told = 0;
    watching = createWatching((isWatched) => {
      told++;
      watched = nodes.filter(isWatched);
    });
  });
  afterEach(() => {
    watching.close();
    vi.useRealTimers();
  });

  test('is told at once who is looked at, and once nobody looks any more', () => {
    const leaveA = watching.look('a');
    const leaveA2 = watching.look('a');
    watching.look('b');
    expect(watched).toEqual(['a', 'b']);
    leaveA();
    leaveA();
    vi.advanceTimersByTime(1_000);
    expect(watched).toEqual(['a', 'b']);
    leaveA2();
    vi.advanceTimersByTime(1_000);
    expect(watched).toEqual(['b']);
  });

  test('all nodes, beside single ones', () => {
    const leave = watching.look(null);
    watching.look('c');
    expect(watched).toEqual(nodes);
    leave();
    vi.advanceTimersByTime(1_000);
    expect(watched).toEqual(['c']);
  });

  test('a page that is reloaded changes nothing', () => {
    const leave = watching.look(null);
    leave();
    watching.look(null);
    const before = told;
    vi.advanceTimersByTime(10_000);
    expect(told).toBe(before);
    expect(watched).toEqual(nodes);
  });

  test('a glance counts for 15 s', () => {
    watching.glance('a');
    expect(watched).toEqual(['a']);
    vi.advanceTimersByTime(14_000);
    expect(watched).toEqual(['a']);
    vi.advanceTimersByTime(2_000);
    expect(watched).toEqual([]);
  });

  test('leaves no timer behind', () => {
    watching.glance(null);
    watching.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
