import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capture, captureNames, fixturesFolder } from '../../../../test/fixtures.ts';
import { linesOf } from '../../../../test/support/lines-of.ts';
import { noGpuFacts } from '../../../protocol/absent.ts';
import { createXpuDumpParser, parseXpuDiscovery, xpuSample } from './xpu-smi-parse.ts';

const MEBIBYTE = 1024 ** 2;
describe.runIf(fixturesFolder)('real captures of xpu-smi', () => {
  it('reads two Max 1100, from the dump and both discoveries', () => {
    const dump = linesOf(createXpuDumpParser().read, capture('intel/xpu-smi/slurm-monitor-max1100-dump.csv'));
    expect(dump).toMatchObject([
      {
        index: 0,
        utilizationPercent: 0,
        powerWatts: 118.87,
        smClockMHz: 1550,
        temperatureCelsius: null,
        memoryUsedBytes: Math.round(27.99 * MEBIBYTE),
      },
      { index: 1, powerWatts: 118.1 },
    ]);
    const list = parseXpuDiscovery(capture('intel/xpu-smi/slurm-monitor-max1100-discovery.json'));
    expect(list?.get(1)).toMatchObject({
      name: 'Intel(R) Data Center GPU Max 1100',
      pciAddress: '00000000:9a:00.0',
      uuid: '00000000-0000-009a-0000-002f0bda8086',
    });
    const details = parseXpuDiscovery(capture('intel/xpu-smi/slurm-monitor-max1100-discovery-d0.json'))?.get(
      0,
    );
    expect(details).toMatchObject({
      memoryTotalBytes: 51522830336,
      eccEnabled: true,
      driverVersion: 'I915_23.10.72_PSB_231129.76',
      vbiosVersion: null,
    });
    const [first] = dump;
    expect(first && details && xpuSample(details, first).memoryFreeBytes).toBe(
      51522830336 - Math.round(27.99 * MEBIBYTE),
    );
    expect(parseXpuDiscovery(capture('intel/xpu-smi/doc13-xpu-smi-discovery-j.json'))?.get(0)?.name).toBe(
      'Intel(R) Graphics [0x020a]',
    );
  });

  it.each(captureNames('intel/xpu-smi', /\.txt$/))('takes no row and no fact from %s', (name) => {
    const text = capture('intel/xpu-smi', name);
    expect(linesOf(createXpuDumpParser().read, text)).toEqual([]);
    expect(parseXpuDiscovery(text)).toBeNull();
  });
});

describe('xpu-smi', () => {
  it('leaves the lines of single tiles out', () => {
    const text = 'Timestamp, DeviceId, TileId, GPU Utilization (%)\n1, 0, 0, 5.00\n1, 0, , 7.00';
    expect(linesOf(createXpuDumpParser().read, text)).toMatchObject([{ index: 0, utilizationPercent: 7 }]);
  });

  it('reads the columns of release 2', () => {
    const names =
      'utilization.gpu (%),power.draw (W),clocks.current.graphics (MHz),temperature.gpu (C),energy.consumed (J),memory.used (MiB),pcie.rx.throughput.kbs (kB/s),utilization.media (%)';
    const text = `Timestamp,DeviceId,${names}\n10:00:00.123,1,97.50,180.25,2400,61,5000,2048.50,3000,N/A`;
    expect(linesOf(createXpuDumpParser().read, text)).toMatchObject([
      {
        index: 1,
        utilizationPercent: 97.5,
        powerWatts: 180.25,
        smClockMHz: 2400,
        temperatureCelsius: 61,
        energyJoules: 5000,
        memoryUsedBytes: 2048.5 * MEBIBYTE,
        pcieReceiveBytesPerSecond: 3_000_000,
        encoderPercent: null,
      },
    ]);
  });

  it('finds columns by what they mean', () => {
    const header =
      'Timestamp, DeviceId, Average % utilization of all GPU Engines, GPU Power (W), GPU Frequency (MHz), GPU Memory Utilization (%), GPU Memory Used (MiB), Compute engine 0 utilization (%)';
    const parser = createXpuDumpParser();
    const text = `${header}\n06:14:46.000,    0, 97.25, 118.3, 1550, 1.00, 2048.00, 11`;
    expect(linesOf(parser.read, text)).toMatchObject([
      { index: 0, utilizationPercent: 97.25, powerWatts: 118.3, memoryUsedBytes: 2048 * MEBIBYTE },
    ]);
    expect(parser.trouble()).toBeNull();
  });

  it('says which main figure no column gives', () => {
    const parser = createXpuDumpParser();
    expect(parser.trouble()).toBeNull();
    linesOf(parser.read, 'Timestamp, DeviceId, Load of the card (%), GPU Memory Used (MiB)\n1, 0, 5, 7');
    expect(parser.trouble()).toBe(
      'no column gives the utilization of the GPU (columns: timestamp, deviceid, load of the card, gpu memory used)',
    );
    linesOf(parser.read, 'Timestamp, DeviceId, GPU Power (W)');
    expect(parser.trouble()).toMatch(/^no column gives the utilization of the GPU and the memory in use /);
  });

  it('takes what the GPU reads over the link as received', () => {
    const text = 'Timestamp, DeviceId, PCIe Read (kB/s), PCIe Write (kB/s)\n1, 0, 3000, 20';
    expect(linesOf(createXpuDumpParser().read, text)).toMatchObject([
      { pcieReceiveBytesPerSecond: 3_000_000, pcieTransmitBytesPerSecond: 20_000 },
    ]);
  });

  it('averages the engines of a kind', () => {
    const header = 'Timestamp, DeviceId, Media decoder engine utilizations (%)\n';
    for (const [printed, percent] of [
      ['0.00; 12.00', 6],
      ['"Engine 0: 4, Engine 1: 8"', 6],
      ['N/A', null],
    ]) {
      const [row] = linesOf(createXpuDumpParser().read, `${header}1, 0, ${printed}`);
      expect(row?.decoderPercent).toBe(percent);
    }
  });

  it('never throws on rubbish', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => void parseXpuDiscovery(JSON.stringify({ device_list: value }))),
    );
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 3, maxLength: 3 }), (cells) => {
        const parse = createXpuDumpParser().read;
        parse('Timestamp, DeviceId, GPU Power (W)');
        for (const value of Object.values(parse(cells.join(',')) ?? {})) expect(value).not.toBeNaN();
      }),
    );
    expect(
      xpuSample({ ...noGpuFacts, index: 0, vendor: 'Intel' }, rowOfNothing()).memoryFreeBytes,
    ).toBeNull();
  });

  function rowOfNothing() {
    const [row] = linesOf(createXpuDumpParser().read, 'Timestamp, DeviceId, GPU Power (W)\n1, 0, 5');
    if (row === undefined) throw new Error('no row');
    return row;
  }
});
