import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capture, captureNames, fixturesFolder } from '../../../../test/fixtures.ts';
import { linesOf } from '../../../../test/support/lines-of.ts';
import { parseTegraRelease } from './jetson.ts';
import { parseTegrastats } from './tegrastats-parse.ts';

const MEBIBYTE = 1024 ** 2;
describe.runIf(fixturesFolder)('real captures of tegrastats', () => {
  const read = (name: string) => linesOf(parseTegrastats, capture('nvidia/tegrastats', name))[0];

  it.each(captureNames('nvidia/tegrastats'))('reads %s', (name) => {
    const found = read(name);
    expect(found?.memoryTotalBytes).toBeGreaterThan(0);
    expect(found?.sample.utilizationPercent).not.toBeNull();
  });

  it('reads an Orin Nano', () => {
    expect(read('beszel-2.txt')).toMatchObject({
      memoryUsedBytes: 6185 * MEBIBYTE,
      memoryTotalBytes: 7620 * MEBIBYTE,
      sample: {
        utilizationPercent: 63,
        smClockMHz: 621,
        memoryUtilizationPercent: 43,
        memoryClockMHz: 2133,
        temperatureCelsius: 53.343,
        powerWatts: 4.667,
        decoderPercent: 0,
      },
    });
  });

  it('reads older and shorter lines', () => {
    expect(read('beszel-5.txt')?.sample).toMatchObject({
      utilizationPercent: 0,
      smClockMHz: 114,
      temperatureCelsius: 39.5,
      powerWatts: 0.182,
    });
    expect(read('beszel-4.txt')?.sample).toMatchObject({
      utilizationPercent: 45,
      powerWatts: 2.171,
      temperatureCelsius: null,
      smClockMHz: null,
    });
    expect(read('beszel-3.txt')?.sample).toMatchObject({ utilizationPercent: 0, powerWatts: 0.518 });
  });
});

describe('tegrastats', () => {
  it('tells a clock from a load, and a dead sensor from a temperature', () => {
    const sample = parseTegrastats(
      'RAM 1/2MB GR3D_FREQ 5%@[306,0] NVENC 716 NVDEC 12%@716 gpu@-256C',
    )?.sample;
    expect(sample).toMatchObject({
      encoderPercent: null,
      decoderPercent: 12,
      smClockMHz: 306,
      temperatureCelsius: null,
    });
  });

  it('reads a Thor, which tells clocks without loads and three figures of each rail', () => {
    const line =
      '01-02-2026 10:00:00 RAM 30000/125749MB CPU [2%@972,off] EMC_FREQ @4266 GR3D_FREQ @[1574,1574,1574] gpu@62.5C/66C VDD_GPU 37000mW/9000mW/38000mW VDD_CPU_SOC_MSS 18000mW/18000mW/18000mW VIN 87000mW/43000mW/87000mW';
    expect(parseTegrastats(line)?.sample).toMatchObject({
      utilizationPercent: null,
      smClockMHz: 1574,
      memoryUtilizationPercent: null,
      memoryClockMHz: 4266,
      temperatureCelsius: 62.5,
      powerWatts: 37,
    });
  });

  it('takes no other line', () => {
    fc.assert(fc.property(fc.string(), (line) => parseTegrastats(line) === null));
    expect(parseTegraRelease('# R35 (release), REVISION: 4.1, GCID: 33958178')).toBe('35.4.1');
  });
});
