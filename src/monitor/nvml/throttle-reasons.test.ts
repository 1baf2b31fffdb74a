import { describe, expect, it } from 'vitest';
import { describeThrottleReasons } from './throttle-reasons.ts';

describe('throttle reasons', () => {
  it('are told in words, and unknown bits as their number', () => {
    expect(describeThrottleReasons(0n)).toBe('');
    expect(describeThrottleReasons(0x1n)).toBe('gpu_idle');
    expect(describeThrottleReasons(0x8000_0000_0000_0048n)).toBe(
      'hw_slowdown,hw_thermal_slowdown,0x8000000000000000',
    );
  });
});
