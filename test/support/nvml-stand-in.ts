import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { makeKit } from '../../scripts/nvml-kits.mjs';

/** The C library that stands in for NVIDIA's, and the helper that reads it, as the head would ship it. */

const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
const source = join(projectFolder, 'test', 'stand-ins', 'libnvidia-ml.c');
const MIB = 1024 * 1024;

/** False on a machine without a C compiler, where its tests are skipped; a machine for tests has one. */
export const canCompile = hasCompiler();

function hasCompiler(): boolean {
  const { status } = spawnSync('cc', ['--version'], { stdio: 'ignore' });
  if (status === 0) return true;
  if (process.env.CI)
    throw new Error('the stand-in for NVML needs cc (on Debian: apt-get install gcc libc6-dev)');
  console.log('skipped: tests with NVML, because cc is missing');
  return false;
}

/** Compiles the library into `folder` under the name that programs load. */
export function compileNvml(folder: string, flags: readonly string[] = []): void {
  mkdirSync(folder, { recursive: true });
  const strict = ['-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-O1'];
  execFileSync('cc', [...strict, ...flags, '-o', join(folder, 'libnvidia-ml.so.1'), source]);
}

export function buildKit(): Buffer {
  const built = buildSync({
    entryPoints: [join(projectFolder, 'src', 'monitor', 'nvml', 'helper.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node18.15',
    write: false,
  });
  const helper = Buffer.from(built.outputFiles[0]?.contents ?? []);
  const addon = createRequire(import.meta.url).resolve(`@koromix/koffi-linux-${process.arch}`);
  return makeKit(helper, readFileSync(join(addon, '..', `linux_${process.arch}`, 'koffi.node')), 1);
}

/** One GPU of a scenario: what both of NVIDIA's ways tell of it. */
export interface StandInGpu {
  uuid: string;
  pciAddress: string;
  name: string;
  utilizationPercent?: number;
  memoryUsedMiB?: number;
  powerWatts?: number;
  isLost?: boolean;
  /** Further lines of libnvidia-ml.c's scenario. */
  more?: Record<string, string>;
}

export interface StandInProcess {
  gpu: number;
  pid: number;
  memoryMiB: number;
  sm?: number;
  type?: 'C' | 'G';
}

export interface NvmlScenario {
  gpus: readonly StandInGpu[];
  processes?: readonly StandInProcess[];
  /** Lines as they are. */
  lines?: readonly string[];
}

export const MEMORY_MIB = 81_559;
export const RESERVED_MIB = 550;

/** Replaces the scenario file at once. */
export function writeNvmlScenario(path: string, { gpus, processes = [], lines = [] }: NvmlScenario): void {
  const text = [
    'driver 580.105.08',
    'cuda 13000',
    ...lines,
    ...gpus.flatMap(describeGpu),
    ...processes.map(
      ({ gpu, pid, memoryMiB, sm = 0, type = 'C' }) =>
        `process ${gpu} ${pid} ${memoryMiB * MIB} ${type} ${sm} 0 0 0`,
    ),
  ].join('\n');
  writeFileSync(`${path}.new`, `${text}\n`);
  renameSync(`${path}.new`, path);
}

function describeGpu(gpu: StandInGpu, at: number): string[] {
  const usedMiB = gpu.memoryUsedMiB ?? 4;
  const memory = [MEMORY_MIB, RESERVED_MIB, usedMiB, MEMORY_MIB - RESERVED_MIB - usedMiB];
  const values = {
    uuid: gpu.uuid,
    pci: gpu.pciAddress,
    name: gpu.name,
    memory: memory.map((mebibytes) => mebibytes * MIB).join(' '),
    utilization: `${gpu.utilizationPercent ?? 0} 0`,
    temperature: '30',
    power: String((gpu.powerWatts ?? 70.5) * 1000),
    'power-limits': '700000 700000 700000',
    clocks: '345 345 2619',
    pstate: '0',
    ...(gpu.isLost ? { lost: '1' } : {}),
    ...gpu.more,
  };
  return Object.entries(values).map(([key, value]) => `gpu ${at} ${key} ${value}`);
}
