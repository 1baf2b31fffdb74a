import { describe, expect, it } from 'vitest';
import { connectStageMs, sessionStageMs } from './stage-limits.ts';

describe('limits of stages', () => {
  it.each([
    // stage-seconds, ConnectTimeout, before the login, from the login on
    [10_000, null, 10_000, 10_000],
    [10_000, 3_000, 3_000, 10_000],
    [10_000, 60_000, 60_000, 60_000],
    [10_000, 600_000, 120_000, 120_000],
    [60_000, null, 60_000, 60_000],
    [60_000, 5_000, 5_000, 60_000],
  ])('%i ms with ConnectTimeout %s', (stageMs, connectTimeoutMs, early, late) => {
    expect(connectStageMs(stageMs, { connectTimeoutMs })).toBe(early);
    expect(sessionStageMs(stageMs, { connectTimeoutMs })).toBe(late);
  });
});
