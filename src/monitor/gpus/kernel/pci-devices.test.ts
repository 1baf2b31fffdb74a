import { describe, expect, it } from 'vitest';
import { parseAmdName, parsePciName } from './pci-devices.ts';

describe('names of devices', () => {
  it('finds a device under its own vendor', () => {
    const text =
      '1001  Other\n\t687f  Wrong\n1002  AMD/ATI\n\t687f  Vega 10 XL\n\t\t1002 6b76  A board\n8086  Intel\n\t0bda  Max\n';
    expect(parsePciName(text, '1002', '687f')).toBe('Vega 10 XL');
    expect(parsePciName(text, '8086', '687f')).toBeNull();
    expect(parsePciName(text, '9999', '687f')).toBeNull();
    expect(parseAmdName('# list\n687F,\tC3,\tRadeon RX Vega 56\n', '687f', 'c3')).toBe('Radeon RX Vega 56');
  });
});
