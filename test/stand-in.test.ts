import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { GPU_FIELDS } from '../src/monitor/gpus/nvidia/nvidia-smi-parse.ts';
import { fixturesFolder, printedNames } from './fixtures.ts';

/** The stand-in for nvidia-smi against what the real one printed. */

const standIn = fileURLToPath(new URL('stand-ins/nvidia-smi', import.meta.url));

function run(scenario: object, ...args: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'stand-in-'));
  const file = join(folder, 'scenario.json');
  writeFileSync(file, JSON.stringify(scenario));
  try {
    return execFileSync(standIn, args, { env: { ...process.env, NVIDIA_SMI_SCENARIO: file } }).toString();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const capture = (...path: string[]) => readFileSync(join(fixturesFolder ?? '', 'nvidia', ...path), 'utf8');
const cellsOf = (line: string) => line.split(',').map((cell) => cell.trim());
const withoutUnit = (cell: string) => cell.replace(/ (?:MiB|W|MHz|%)$/, '');

describe.runIf(fixturesFolder)('the stand-in for nvidia-smi', () => {
  const queries = fixturesFolder
    ? readdirSync(join(fixturesFolder, 'nvidia/query-gpu')).filter(
        (name) => name.startsWith('nge-') && !name.includes('-win-'),
      )
    : [];

  it.each(queries)('prints a GPU as %s does', (name) => {
    const [header = '', row = ''] = capture('query-gpu', name).split('\n');
    const columns = cellsOf(header).map((column) => column.replace(/ \[.*\]$/, ''));
    const cells = cellsOf(row);
    const real = GPU_FIELDS.map((field) => cells[columns.indexOf(printedNames[field] ?? field)] ?? '');
    const gpu = Object.fromEntries(GPU_FIELDS.map((field, at) => [field, withoutUnit(real[at] ?? '')]));
    const scenario = { gpus: [{ ...gpu, index: Number(gpu.index) }] };
    expect(run(scenario, `--query-gpu=${GPU_FIELDS.join(',')}`, '--format=csv,noheader')).toBe(
      `${real.join(', ')}\n`,
    );
    expect(run(scenario, `--query-gpu=${GPU_FIELDS.join(',')}`, '--format=csv,noheader,nounits')).toBe(
      `${real.map(withoutUnit).join(', ')}\n`,
    );
  });

  it('prints processes as the real one does', () => {
    const [header = '', ...rows] = capture('query-compute-apps', 'nge-l40s-595.80-load.csv')
      .trim()
      .split('\n');
    const columns = cellsOf(header).map((column) => column.replace(/ \[.*\]$/, ''));
    const fields = ['gpu_bus_id', 'gpu_uuid', 'pid', 'process_name', 'used_gpu_memory'];
    const real = rows.map((row) => fields.map((field) => cellsOf(row)[columns.indexOf(field)] ?? ''));
    const scenario = {
      gpus: [{ index: 0, 'pci.bus_id': real[0]?.[0], uuid: real[0]?.[1] }],
      processes: real.map(([, , pid, name, memory]) => ({
        gpu: 0,
        pid: Number(pid),
        name,
        memoryMiB: Number.parseInt(memory ?? '', 10),
      })),
    };
    expect(run(scenario, `--query-compute-apps=${fields.join(',')}`, '--format=csv,noheader')).toBe(
      `${real.map((row) => row.join(', ')).join('\n')}\n`,
    );
    expect(
      run(
        { ...scenario, processes: [] },
        `--query-compute-apps=${fields.join(',')}`,
        '--format=csv,noheader',
      ),
    ).toBe('');
  });

  it('prints pmon in the columns of the real one', () => {
    const real = capture('pmon', 'nge-l40s-595.80-load.txt').split('\n');
    const said = run(
      { gpus: [{ index: 0 }], processes: [{ gpu: 0, pid: 20037, sm: 2, name: 'ffmpeg' }] },
      'pmon',
      '-s',
      'u',
      '-d',
      '0',
    ).split('\n');
    expect(said[0]).toBe(real[0]);
    expect(said[1]).toBe(real[1]);
    expect(said[2]?.slice(0, 30)).toBe(real[2]?.slice(0, 30));
    const idle = run({ gpus: [{ index: 0 }] }, 'pmon', '-s', 'u', '-d', '0').split('\n');
    expect(idle[2]?.trim().split(/\s+/)).toEqual(
      capture('pmon', 'nge-h100-80gb-hbm3-590.48.01-idle.txt').split('\n')[2]?.trim().split(/\s+/),
    );
  });
});
