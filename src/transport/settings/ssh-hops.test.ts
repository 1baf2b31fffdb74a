import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHops, type Hop, parseHops } from './ssh-hops.ts';

const hop = fc.record({
  host: fc.oneof(fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/), fc.ipV6()),
  user: fc.option(fc.stringMatching(/^[a-z][a-z0-9_.-]{0,10}$/)),
  port: fc.option(fc.integer({ min: 1, max: 65_535 })),
});

describe('parseHops', () => {
  it.each<[string, Hop[]]>([
    ['gate', [{ host: 'gate', user: null, port: null }]],
    [
      'a@b:1,c',
      [
        { host: 'b', user: 'a', port: 1 },
        { host: 'c', user: null, port: null },
      ],
    ],
    ['ssh://u%40corp@gate:2022/', [{ host: 'gate', user: 'u@corp', port: 2022 }]],
    ['u@corp@gate', [{ host: 'gate', user: 'u@corp', port: null }]],
    ['[fe80::1%eth0]:22', [{ host: 'fe80::1%eth0', user: null, port: 22 }]],
    ['fe80::1', [{ host: 'fe80::1', user: null, port: null }]],
  ])('reads %s', (text, hops) => {
    expect(parseHops(text)).toEqual(hops);
  });

  it.each(['', 'a,,b', 'a:x', 'a:0', 'a:70000', '@host', 'u@'])('refuses "%s"', (text) => {
    expect(() => parseHops(text)).toThrow(/jump host|ProxyJump/);
  });

  it('reads what formatHops writes', () => {
    fc.assert(
      fc.property(fc.array(hop, { minLength: 1 }), (hops) => {
        expect(parseHops(formatHops(hops))).toEqual(hops);
      }),
    );
  });
});
