import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixturesFolder, printedNames } from '../../../../test/fixtures.ts';
import { noGpuFacts } from '../../../protocol/absent.ts';
import { normalPciAddress } from '../kernel/pci-address.ts';
import {
  createPmonParser,
  GPU_FIELDS,
  parseBrokenGpu,
  parseGpuLine,
  parseProcessLine,
  tellsNoProcess,
} from './nvidia-smi-parse.ts';

const H100 =
  '3, GPU-5c4d, 00000000:53:00.0, NVIDIA H100 80GB HBM3, 580.105.08, 81559, 61263, 19818, 100, 11, 59, 631.95, 700.00, [N/A], 1980, 2619, P0';

describe('parseGpuLine', () => {
  it('reads every figure with its unit', () => {
    const row = parseGpuLine(H100);
    expect(row?.facts).toEqual({
      ...noGpuFacts,
      index: 3,
      uuid: 'GPU-5c4d',
      name: 'NVIDIA H100 80GB HBM3',
      vendor: 'NVIDIA',
      pciAddress: '00000000:53:00.0',
      memoryTotalBytes: 81559 * 1024 * 1024,
      powerLimitWatts: 700,
      driverVersion: '580.105.08',
    });
    expect(row?.sample).toMatchObject({
      health: 'ok',
      utilizationPercent: 100,
      powerWatts: 631.95,
      fanPercent: null,
    });
  });

  it('tells a lost GPU, and never takes its words for figures', () => {
    const line =
      '1, GPU-1, 00000000:41:00.0, NVIDIA A100, 535.1, [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [Unknown Error], [Unknown Error], [N/A], [N/A], [N/A], [Unknown Error]';
    expect(parseGpuLine(line)?.sample).toMatchObject({
      health: 'lost',
      error: 'GPU is lost',
      memoryUsedBytes: null,
      utilizationPercent: null,
    });
  });

  it.each([
    ['24564, 300, 24000, 5, 1, 48, 31.20, 80.00, [Unknown Error], 300, 405, P8', 'ok', null],
    ['24564, 300, 24000, 0, 0, 48, 31.20, 80.00, [N/A], 300, 405, [Unknown Error]', 'ok', null],
    [
      '24564, [Unknown Error], [Unknown Error], [N/A], [N/A], [Unknown Error], ERR!, 80.00, ERR!, [N/A], [N/A], P8',
      'error',
      'Unknown Error',
    ],
    [
      '24564, 300, 24000, [Unknown Error], [N/A], [GPU requires reset], [N/A], 80.00, [N/A], [N/A], [N/A], P8',
      'error',
      'GPU requires reset',
    ],
  ])('takes one odd answer for no sickness: %s', (figures, health, error) => {
    const row = parseGpuLine(`0, GPU-1, 00000000:01:00.0, NVIDIA RTX 4090, 550.54.14, ${figures}`);
    expect(row?.sample).toMatchObject({ health, error });
  });

  it('takes nothing that is not such a line', () => {
    for (const line of ['No devices were found', '', H100.replace('3,', 'x,'), `${H100}, 1`]) {
      expect(parseGpuLine(line)).toBeNull();
    }
  });

  it('never throws and never yields a figure that is no number', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { minLength: GPU_FIELDS.length, maxLength: GPU_FIELDS.length }),
        (cells) => {
          const row = parseGpuLine(cells.join(','));
          for (const value of Object.values(row?.sample ?? {})) expect(value).not.toBeNaN();
        },
      ),
    );
  });
});

/** All real `--query-gpu` captures, whose columns hold ours among many. */
function captures(kind: string): { name: string; rows: Record<string, string>[] }[] {
  if (fixturesFolder === null) return [];
  const folder = join(fixturesFolder, 'nvidia', kind);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.csv'))
    .map((name) => {
      const [header = '', ...lines] = readFileSync(join(folder, name), 'utf8').trim().split('\n');
      const columns = header.split(',').map((column) => column.trim().replace(/ \[.*\]$/, ''));
      const rows = lines.map((line) =>
        Object.fromEntries(line.split(',').map((value, at) => [columns[at] ?? '', value.trim()])),
      );
      return { name, rows };
    });
}

describe.runIf(fixturesFolder)('real captures', () => {
  it.each(captures('query-gpu').filter(({ rows }) => rows[0]?.index !== undefined))('$name', ({ rows }) => {
    for (const row of rows) {
      const parsed = parseGpuLine(
        GPU_FIELDS.map((field) => row[printedNames[field] ?? field] ?? '[N/A]').join(', '),
      );
      expect(parsed?.facts.index).toBe(Number(row.index));
      expect(parsed?.facts.name).toBe(row.name);
      expect(parsed?.facts.memoryTotalBytes).toBe(
        Number.parseInt(row['memory.total'] ?? '', 10) * 1024 * 1024,
      );
      expect(parsed?.sample.memoryUsedBytes).toBe(
        Number.parseInt(row['memory.used'] ?? '', 10) * 1024 * 1024,
      );
      expect(parsed?.sample.health).toBe('ok');
      const clock = row['clocks.current.sm'] ?? '';
      expect(parsed?.sample.smClockMHz).toBe(/^\d/.test(clock) ? Number.parseInt(clock, 10) : null);
      const utilization = row['utilization.gpu'] ?? '';
      expect(parsed?.sample.utilizationPercent).toBe(
        /^\d/.test(utilization) ? Number.parseInt(utilization, 10) : null,
      );
    }
  });

  it.each(captures('query-compute-apps').filter(({ rows }) => rows[0]?.gpu_bus_id !== undefined))(
    '$name',
    ({ rows }) => {
      for (const row of rows) {
        const line = [row.gpu_uuid, row.gpu_bus_id, row.pid, row.used_gpu_memory].join(', ');
        const memory = row.used_gpu_memory ?? '';
        expect(parseProcessLine(line)).toEqual({
          uuid: row.gpu_uuid,
          pciAddress: row.gpu_bus_id?.toLowerCase(),
          pid: Number(row.pid),
          gpuMemoryBytes: /^\d/.test(memory) ? Number.parseInt(memory, 10) * 1024 * 1024 : null,
        });
      }
    },
  );

  it.each([
    '[Not Supported]',
    '[N/A], [N/A], [N/A], [N/A]',
    'GPU-1, 00000000:41:00.0, [Insufficient Permissions], [N/A]',
    'WARNING: infoROM is corrupted at gpu 0000:41:00.0',
    'No running processes found',
  ])('takes %s for no failure to tell processes', (line) => {
    expect(parseProcessLine(line)).toBeNull();
    expect(tellsNoProcess(line)).toBe(true);
  });

  it.each([
    '[Unknown Error]',
    'Failed to initialize NVML: Unknown Error',
    'Unable to determine the device handle for GPU 0000:41:00.0: GPU is lost.',
  ])('takes %s for a failure to tell processes', (line) => {
    expect(tellsNoProcess(line)).toBe(false);
  });

  const pmonFolder = join(fixturesFolder ?? '', 'nvidia', 'pmon');
  it.each(existsSync(pmonFolder) ? readdirSync(pmonFolder) : [])('pmon %s', (name) => {
    const parse = createPmonParser();
    const lines = readFileSync(join(pmonFolder, name), 'utf8').split('\n');
    const data = lines.filter((line) => /^\s+\d+\s+\d+\s/.test(line));
    const rows = lines.map(parse).filter((row) => row !== null);
    expect(rows).toHaveLength(data.length);
    for (const row of rows) expect(row.utilizationPercent ?? 0).toBeLessThanOrEqual(100);
    if (name === 'sonar-pmon_550.txt')
      expect(rows.find((row) => row.pid === 2233469)?.utilizationPercent).toBe(90);
    if (name.startsWith('nge-l40s'))
      expect(rows[1]).toEqual({
        gpuIndex: 0,
        pid: 20038,
        type: 'C',
        gpuMemoryBytes: null,
        utilizationPercent: 6,
      });
    if (name === 'sonar-pmon_545.txt') expect(rows[0]?.gpuMemoryBytes).toBe(7669 * 1024 * 1024);
    if (name.endsWith('2080-super-610.57.04-idle.txt')) expect(rows[1]).toMatchObject({ type: 'G' });
  });
});

describe('other lines', () => {
  it('normalizes PCI addresses', () => {
    expect(normalPciAddress('0000:41:00.0')).toBe('00000000:41:00.0');
    expect(normalPciAddress('00000000:0C:00.0')).toBe('00000000:0c:00.0');
  });

  it.each([
    ['GPU 0000:41:00.0: Unknown Error', null, '00000000:41:00.0', 'Unknown Error'],
    ['GPU0000:0E:00.0: Unknown Error', null, '00000000:0e:00.0', 'Unknown Error'],
    ['gpu 0001:00:00.0: Unknown Error', null, '00000001:00:00.0', 'Unknown Error'],
    ['GPU0009:01:00.0: GPU is lost.', null, '00000009:01:00.0', 'GPU is lost.'],
    ['GPU 3E3F8E05:00:00.0: Unknown Error', null, '3e3f8e05:00:00.0', 'Unknown Error'],
    ['GPU1: 0000:C1:00.0: GPU is lost.  Reboot', 1, '00000000:c1:00.0', 'GPU is lost.  Reboot'],
    ['GPU0: Unknown Error', 0, null, 'Unknown Error'],
  ])('finds the GPU that broke the tool: %s', (words, index, pciAddress, error) => {
    expect(parseBrokenGpu(`Unable to determine the device handle for ${words}`)).toEqual({
      index,
      pciAddress,
      error,
    });
  });

  it('finds no broken GPU elsewhere', () => {
    expect(parseBrokenGpu(H100)).toBeNull();
  });
});
