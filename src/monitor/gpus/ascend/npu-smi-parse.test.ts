import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capture, captureNames, fixturesFolder } from '../../../../test/fixtures.ts';
import { parseNpuSmi } from './npu-smi-parse.ts';

const MEBIBYTE = 1024 ** 2;
describe.runIf(fixturesFolder)('real captures of npu-smi', () => {
  const read = (name: string) => parseNpuSmi(capture('ascend/npu-smi', name));

  it.each(captureNames('ascend/npu-smi'))('reads or refuses %s', (name) => {
    const answer = read(name);
    if (name.includes('mapping')) return expect(answer).toBeNull();
    expect(answer?.rows.length).toBeGreaterThan(0);
    const indexes = answer?.rows.map(({ facts }) => facts.index) ?? [];
    expect(new Set(indexes).size).toBe(indexes.length);
    for (const { facts, sample } of answer?.rows ?? []) {
      expect(facts.pciAddress).toMatch(/^0{8}:[0-9a-f]{2}:00\.0$/);
      expect(facts.memoryTotalBytes).toBeGreaterThan(8_000 * MEBIBYTE);
      expect(sample.temperatureCelsius).toBeGreaterThan(20);
      expect(sample.utilizationPercent).not.toBeNull();
    }
  });

  it('reads four chips of one card without HBM', () => {
    const answer = read('gpustack-atlas-800-inference-server_model-3000_version-1.0.0-1.0.10.txt');
    expect(answer?.rows).toHaveLength(4);
    expect(answer?.rows[3]).toMatchObject({
      facts: {
        index: 3,
        name: 'Ascend 310',
        pciAddress: '00000000:db:00.0',
        memoryTotalBytes: 8192 * MEBIBYTE,
        driverVersion: '20.2.0',
      },
      sample: {
        utilizationPercent: 0,
        memoryUsedBytes: 2703 * MEBIBYTE,
        temperatureCelsius: 55,
        powerWatts: 12.8,
      },
    });
  });

  it('reads HBM, health and many processes of a chip', () => {
    const answer = read('gpustack-atlas-800-training-server_model-9010_version-24.1.RC2.txt');
    expect(answer?.rows[3]).toMatchObject({
      facts: { index: 3, memoryTotalBytes: 32768 * MEBIBYTE, pciAddress: '00000000:01:00.0' },
      sample: {
        health: 'ok',
        error: 'npu-smi: health is Warning',
        memoryUsedBytes: 0,
        temperatureCelsius: 39,
        powerWatts: 206.9,
      },
    });
    expect(answer?.processes).toHaveLength(32);
    expect(answer?.processes.at(-1)).toMatchObject({
      pid: 37663,
      gpuIndex: 7,
      gpuMemoryBytes: 686 * MEBIBYTE,
    });
  });

  it('reads a busy node whose figures touch their neighbours', () => {
    const answer = read('mindcluster-8npu-busy.txt');
    expect(answer?.rows).toHaveLength(8);
    expect(answer?.rows[0]?.sample.memoryUsedBytes).toBe(30710 * MEBIBYTE);
    expect(answer?.processes[0]).toMatchObject({
      pid: 139667,
      gpuIndex: 0,
      gpuMemoryBytes: 30780 * MEBIBYTE,
    });
    expect(answer?.processes).toHaveLength(8);
  });

  it('tells two dies on one address apart, and a power that is not known', () => {
    const answer = read('mindcluster-container-procid-column.txt');
    expect(answer?.rows.map(({ facts, sample }) => [facts.index, sample.powerWatts])).toEqual([
      [0, 157.3],
      [1, null],
    ]);
    expect(answer?.rows[1]?.sample.memoryUsedBytes).toBe(3130 * MEBIBYTE);
    expect(answer?.processes).toEqual([]);
  });
});

describe('npu-smi', () => {
  it('reads the boxes of an Ascend 950, which have no chips, and keeps the numbers of its cards', () => {
    const answer = parseNpuSmi(`
| npu-smi 25.7.rc1                  Version: 25.7.rc1                                       |
+--------+---------------+---------------+--------------------------------------------------+
| NPU ID | Name          | Health        | Power(W)    Temp(C)        Hugepages-Usage(page) |
|        |               | Bus-Id        | NPU Util(%) Memory-Usage(MB)  HBM-Usage(MB)      |
+========+===============+===============+==================================================+
| 1      | Ascend950PR   | Alarm         | 301.5       70             0     / 0             |
|        |               | 0000:61:00.0  | 98          0    / 0       90000 / 114688        |
+========+===============+===============+==================================================+
| 4      | Ascend950PR   | OK            | 190.0       55             0     / 0             |
|        |               | NA            | 3           0    / 0       5400  / 131072        |
+========+===============+===============+==================================================+
+------------------------+---------------+--------------------------+-----------------------+
| NPU ID                 | Process id    | Process name             | Process memory(MB)    |
+========================+===============+==========================+=======================+
| No running processes found in NPU 1                                                       |
+========================+===============+==========================+=======================+
| 4                      | 4242          |                          | 332                   |
+========================+===============+==========================+=======================+
`);
    expect(answer?.rows).toMatchObject([
      {
        facts: { index: 1, name: 'Ascend950PR', pciAddress: '00000000:61:00.0', driverVersion: '25.7.rc1' },
        sample: { health: 'error', utilizationPercent: 98, powerWatts: 301.5, temperatureCelsius: 70 },
      },
      {
        facts: { index: 4, pciAddress: null, memoryTotalBytes: 131072 * MEBIBYTE },
        sample: { health: 'ok', utilizationPercent: 3, memoryUsedBytes: 5400 * MEBIBYTE },
      },
    ]);
    expect(answer?.processes).toMatchObject([{ pid: 4242, gpuIndex: 4, gpuMemoryBytes: 332 * MEBIBYTE }]);
  });

  it('keeps the number of a card whose neighbour is gone', () => {
    const answer = parseNpuSmi(`
| NPU   Name     | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
| Chip           | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |
+================+===============+====================================================+
| 6     910B1    | OK            | 90.1        32                0    / 0             |
| 0              | 0000:C2:00.0  | 5           0    / 0          59356/ 65536         |
`);
    expect(answer?.rows).toMatchObject([
      { facts: { index: 6 }, sample: { index: 6, utilizationPercent: 5 } },
    ]);
  });

  it('never throws, and never gives a figure that is no number', () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom('0', '12 / 34', '-', 'NA', 'OK', '0000:C1:00.0'));
    const line = fc.oneof(
      fc.array(cell, { minLength: 1, maxLength: 5 }).map((cells) => `| ${cells.join(' | ')} |`),
      fc.constantFrom(
        '| NPU   Name  | Health | Power(W)  Temp(C) |',
        '| Chip  | Bus-Id | AICore(%)  Memory-Usage(MB) |',
        '| NPU Chip | Process id | Process name | Process memory(MB) |',
        '+====+',
      ),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        for (const { sample } of parseNpuSmi(lines.join('\n'))?.rows ?? [])
          for (const value of Object.values(sample)) expect(value).not.toBeNaN();
      }),
    );
  });
});
