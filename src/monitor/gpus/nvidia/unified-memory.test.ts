import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixturesFolder } from '../../../../test/fixtures.ts';
import { createSystem } from '../../system.ts';
import type { GpuRow } from '../row-book.ts';
import { parseGpuLine } from './nvidia-smi-parse.ts';
import { createUnifiedMemory } from './unified-memory.ts';

function rowOf(name: string, memory = '[N/A], [N/A], [N/A]', power = '4.4'): GpuRow {
  const row = parseGpuLine(
    `0, GPU-1, 0000000F:01:00.0, ${name}, 580.95.05, ${memory}, 3, 0, 41, ${power}, [N/A], [N/A], 208, [N/A], P8`,
  );
  if (row === null) throw new Error('not a GPU');
  return row;
}

describe('unified memory', () => {
  let folder = '';
  const withMemory = (row: GpuRow) => createUnifiedMemory(createSystem({ root: folder }))([row])[0];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'unified-'));
    mkdirSync(join(folder, 'proc'));
    writeFileSync(join(folder, 'proc/meminfo'), 'MemTotal: 1000 kB\nMemAvailable: 600 kB\n');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each(['NVIDIA GB10', 'Orin (nvgpu)', 'NVIDIA Thor', 'NVIDIA N1X'])(
    'gives %s the host’s memory',
    (name) => {
      const row = withMemory(rowOf(name));
      expect(row?.facts).toMatchObject({ unifiedMemory: true, memoryTotalBytes: 1000 * 1024 });
      expect(row?.sample).toMatchObject({
        memoryUsedBytes: 400 * 1024,
        memoryFreeBytes: 600 * 1024,
        utilizationPercent: 3,
      });
    },
  );

  it.each([
    ['a card that hides its memory', rowOf('NVIDIA A100-SXM4-80GB')],
    ['a GPU with memory of its own', rowOf('NVIDIA GH200 480GB', '97871, 10, 97000')],
    ['GB10 of a driver that tells it', rowOf('NVIDIA GB10', '122880, 10, 122870')],
  ])('leaves %s alone', (_name, row) => {
    expect(withMemory(row)).toEqual(row);
  });

  it('gives a sick GPU no figures', () => {
    const row = withMemory(rowOf('NVIDIA GB10', '[GPU is lost], [GPU is lost], [GPU is lost]'));
    expect(row?.facts.unifiedMemory).toBe(true);
    expect(row?.sample).toMatchObject({ health: 'lost', memoryUsedBytes: null, memoryFreeBytes: null });
  });

  it('says that it is unified also where the host’s memory cannot be read', () => {
    rmSync(join(folder, 'proc/meminfo'));
    expect(withMemory(rowOf('NVIDIA GB10'))).toMatchObject({
      facts: { unifiedMemory: true, memoryTotalBytes: null },
      sample: { memoryUsedBytes: null },
    });
  });

  it.runIf(fixturesFolder)('reads the memory of a real GB10', () => {
    const capture = join(fixturesFolder ?? '', 'linux/meminfo/hwloc-nvidia-dgx-gb10.txt');
    writeFileSync(join(folder, 'proc/meminfo'), readFileSync(capture));
    const kibibytes = Number(/^MemTotal:\s+(\d+)/m.exec(readFileSync(capture, 'utf8'))?.[1]);
    const row = withMemory(rowOf('NVIDIA GB10'));
    expect(row?.facts.memoryTotalBytes).toBe(kibibytes * 1024);
    expect(row?.sample.memoryUsedBytes).toBeGreaterThan(0);
  });
});
