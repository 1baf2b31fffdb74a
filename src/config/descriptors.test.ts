import { closeSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { descriptorLimit, descriptorsInUse, shareDescriptors } from './descriptors.ts';

describe('file descriptors', () => {
  it.each([
    [64, { web: 16, reserved: 48, logins: 2 }],
    [256, { web: 56, reserved: 88, logins: 21 }],
    [1_024, { web: 248, reserved: 280, logins: 93 }],
    [20_000, { web: 2_048, reserved: 2_080, logins: 2_240 }],
    [30, { web: 16, reserved: 48, logins: 1 }],
  ])('of %d are shared out', (limit, shares) => {
    expect(shareDescriptors(limit)).toEqual({ limit, ...shares });
  });

  it('are counted as the kernel hands them out', () => {
    expect(descriptorLimit()).toBeGreaterThan(0);
    // What has a lower number is in use, or nearly: others may be closed meanwhile.
    const opened = Array.from({ length: 50 }, () => openSync('/dev/null', 'r'));
    expect(descriptorsInUse()).toBeGreaterThanOrEqual(50);
    for (const descriptor of opened) closeSync(descriptor);
    expect(descriptorsInUse()).toBeLessThan(descriptorLimit());
  });
});
