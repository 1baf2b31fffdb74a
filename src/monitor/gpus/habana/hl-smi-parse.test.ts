import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capture, captureNames, fixturesFolder } from '../../../../test/fixtures.ts';
import { linesOf } from '../../../../test/support/lines-of.ts';
import { createHlSmiParser } from './hl-smi-parse.ts';

const MEBIBYTE = 1024 ** 2;
describe.runIf(fixturesFolder)('real captures of hl-smi', () => {
  it.each(captureNames('habana/hl-smi'))('reads %s', (name) => {
    expect(linesOf(createHlSmiParser().read, capture('habana/hl-smi', name)).length).toBeGreaterThan(0);
  });

  it('reads eight HL-205', () => {
    const rows = linesOf(createHlSmiParser().read, capture('habana/hl-smi/slurm-monitor-hl205-query.csv'));
    expect(rows.map(({ facts }) => facts.index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(rows[2]).toMatchObject({
      facts: {
        name: 'Gaudi HL-205',
        uuid: '00P1-HL2000A1-14-P64X78-02-07-10',
        memoryTotalBytes: 32768 * MEBIBYTE,
      },
      sample: {
        utilizationPercent: 12,
        memoryUsedBytes: 512 * MEBIBYTE,
        temperatureCelsius: 33,
        powerWatts: 96,
      },
    });
  });
});

describe('hl-smi', () => {
  it('reads units within the cells, and the header that comes again', () => {
    const tick =
      'index, uuid, memory.total [MiB], memory.used [MiB], power.draw [W]\n5, A, 1024 MiB, 12 MiB, N/A\n';
    const rows = linesOf(createHlSmiParser().read, tick + tick);
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatchObject({
      facts: { index: 5 },
      sample: { memoryUsedBytes: 12 * MEBIBYTE, powerWatts: null },
    });
  });

  it('takes nothing before its header, and never throws', () => {
    fc.assert(fc.property(fc.string(), (line) => createHlSmiParser().read(line) === null));
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 4 }), (cells) => {
        const parse = createHlSmiParser().read;
        parse('uuid, memory.total [MiB], memory.used [MiB], index');
        for (const value of Object.values(parse(cells.join(','))?.sample ?? {})) expect(value).not.toBeNaN();
      }),
    );
  });
});
