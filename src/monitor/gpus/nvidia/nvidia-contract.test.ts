import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  buildKit,
  canCompile,
  compileNvml,
  type StandInGpu,
  type StandInProcess,
  writeNvmlScenario,
} from '../../../../test/support/nvml-stand-in.ts';
import { createLeash, type Leash } from '../../leash.ts';
import { placeKit } from '../../nvml/kit-file.ts';
import { createSystem, type System } from '../../system.ts';
import type { GpuProvider } from '../provider.ts';
import { createNvidiaSmiProvider } from './nvidia-smi.ts';
import { createNvmlProvider } from './nvml.ts';

/** What both of NVIDIA's ways must do alike, on a stand-in of each. */

const MIB = 1024 * 1024;
const TICK_MS = 200;
const standIn = fileURLToPath(new URL('../../../../test/stand-ins/nvidia-smi', import.meta.url));

interface Scenario {
  gpus: StandInGpu[];
  processes?: StandInProcess[];
  isHung?: boolean;
  /** The driver refuses everything. */
  isGone?: boolean;
}

/** One way with its stand-in. */
interface Way {
  name: string;
  create(system: System, leash: Leash, folder: string): GpuProvider;
  write(folder: string, scenario: Scenario): void;
  /** pids of the processes that ask for GPUs, of all times. */
  started(folder: string): number[];
}

let libraryFolder = '';
let oldLibraryFolder = '';
let kit: Buffer;

const nvml = (name: string, library: () => string): Way => ({
  name,
  create(system, leash, folder) {
    process.env.LD_LIBRARY_PATH = library();
    process.env.NVML_SCENARIO = join(folder, 'nvml');
    const onUnusable = (reason: string) => {
      throw new Error(reason);
    };
    const placed = placeKit(system, kit);
    return createNvmlProvider({ system, leash, kit: placed, onReading: () => undefined, onUnusable });
  },
  write(folder, { gpus, processes = [], isHung, isGone }) {
    const lines = [
      `log ${join(folder, 'log')}`,
      ...(isHung ? ['hang nvmlDeviceGetUtilizationRates'] : []),
      ...(isGone ? ['init 9', 'code nvmlDeviceGetCount_v2 9', 'code nvmlDeviceGetUtilizationRates 15'] : []),
    ];
    writeNvmlScenario(join(folder, 'nvml'), { gpus, processes, lines });
  },
  started: (folder) => readPids(join(folder, 'log'), () => true),
});

const smi: Way = {
  name: 'nvidia-smi',
  create: createNvidiaSmiProvider,
  write(folder, { gpus, processes = [], isHung, isGone }) {
    const scenario = {
      log: join(folder, 'log'),
      mode: isHung ? 'stubborn' : isGone ? 'die' : 'ok',
      error: 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.',
      lost: gpus.filter(({ isLost }) => isLost).map(({ pciAddress }) => pciAddress),
      gpus: gpus.map((gpu, index) => ({
        index,
        uuid: gpu.uuid,
        'pci.bus_id': gpu.pciAddress,
        name: gpu.name,
        'utilization.gpu': gpu.utilizationPercent ?? 0,
        'memory.used': gpu.memoryUsedMiB ?? 4,
        'power.draw': String(gpu.powerWatts ?? 70.5),
      })),
      processes,
    };
    writeFileSync(join(folder, 'scenario.json.new'), JSON.stringify(scenario));
    // At once: the tool may read at any moment.
    renameSync(join(folder, 'scenario.json.new'), join(folder, 'scenario.json'));
  },
  started: (folder) => readPids(join(folder, 'log'), (line) => line.includes('query-gpu')),
};

function readPids(path: string, isMeant: (line: string) => boolean): number[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').trim().split('\n').filter(isMeant);
  return [...new Set(lines.map((line) => Number.parseInt(line, 10)))];
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readStatus(pid));
const readStatus = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return 'State:\tZ';
  }
};

const gpu = (index: number, more: Partial<StandInGpu> = {}): StandInGpu => ({
  uuid: `GPU-${index}`,
  pciAddress: `00000000:${40 + index}:00.0`,
  name: 'NVIDIA H100 80GB HBM3',
  ...more,
});

beforeAll(() => {
  if (!canCompile) return;
  libraryFolder = mkdtempSync(join(tmpdir(), 'nvml-'));
  oldLibraryFolder = join(libraryFolder, 'old');
  compileNvml(libraryFolder);
  compileNvml(oldLibraryFolder, ['-DOLD_DRIVER']);
  kit = buildKit();
});
afterAll(() => {
  if (libraryFolder !== '') rmSync(libraryFolder, { recursive: true, force: true });
});

const ways = [nvml('NVML', () => libraryFolder), nvml('NVML of an old driver', () => oldLibraryFolder), smi];

describe.each(canCompile ? ways : [smi])('$name', (way) => {
  let folder = '';
  let leash: Leash;
  let provider: GpuProvider;
  const write = (scenario: Scenario) => way.write(folder, scenario);
  const reading = (seen: (found: ReturnType<GpuProvider['read']>) => void, timeout = 15_000) =>
    expect
      .poll(
        () => {
          const found = provider.read();
          try {
            seen(found);
            return true;
          } catch (error) {
            return error;
          }
        },
        { timeout, interval: 20 },
      )
      .toBe(true);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nvidia-'));
    copyFileSync(standIn, join(folder, 'nvidia-smi'));
    const root = join(folder, 'root');
    for (const index of [0, 1]) {
      const place = join(root, `proc/driver/nvidia/gpus/0000:${40 + index}:00.0`);
      mkdirSync(place, { recursive: true });
      writeFileSync(
        join(place, 'information'),
        `Model: \t\t NVIDIA H100 80GB HBM3\nGPU UUID: \t GPU-${index}\n`,
      );
    }
    const real = createSystem({ programFolders: [folder] });
    const moved = createSystem({ root });
    const system = {
      ...real,
      list: (path: string) => (path.startsWith('/proc/driver') ? moved.list(path) : real.list(path)),
      tryReadText: (path: string) =>
        path.startsWith('/proc/driver') ? moved.tryReadText(path) : real.tryReadText(path),
    };
    leash = createLeash(system);
    provider = way.create(system, leash, folder);
  });
  afterEach(() => {
    provider.stop();
    leash.release();
    rmSync(folder, { recursive: true, force: true });
  });

  it('tells every GPU and process, with one process of its own', async () => {
    write({
      gpus: [gpu(0, { utilizationPercent: 87, memoryUsedMiB: 600, powerWatts: 512.25 }), gpu(1)],
      processes: [{ gpu: 0, pid: 4242, memoryMiB: 512, sm: 40 }],
    });
    provider.start(TICK_MS);
    expect(provider.read().known).toBe(false);
    await reading((found) => {
      expect(found.processes[0]?.gpuUtilizationPercent).toBe(40);
      expect(found).toMatchObject({
        known: true,
        error: null,
        facts: [
          { index: 0, uuid: 'GPU-0', pciAddress: '00000000:40:00.0', driverVersion: '580.105.08' },
          { index: 1, uuid: 'GPU-1', name: 'NVIDIA H100 80GB HBM3', memoryTotalBytes: 81_559 * MIB },
        ],
        gpus: [
          { index: 0, health: 'ok', utilizationPercent: 87, powerWatts: 512.25, temperatureCelsius: 30 },
          {
            index: 1,
            health: 'ok',
            utilizationPercent: 0,
            smClockMHz: 345,
            performanceState: 'P0',
            fanPercent: null,
          },
        ],
        processes: [{ pid: 4242, gpuIndex: 0, type: 'C', gpuMemoryBytes: 512 * MIB }],
      });
    });
    expect(way.started(folder)).toHaveLength(1);
  });

  it('follows what changes, and a new pace', async () => {
    write({ gpus: [gpu(0)], processes: [{ gpu: 0, pid: 4242, memoryMiB: 512 }] });
    provider.start(60_000);
    await reading((found) => expect(found.processes).toHaveLength(1));
    provider.setInterval(TICK_MS, true);
    write({ gpus: [gpu(0, { utilizationPercent: 55 })], processes: [] });
    await reading((found) => {
      expect(found.gpus[0]?.utilizationPercent).toBe(55);
      expect(found.processes).toEqual([]);
    });
  });

  it('keeps the others when one GPU falls off the bus', async () => {
    write({ gpus: [gpu(0, { utilizationPercent: 12 }), gpu(1)] });
    provider.start(TICK_MS);
    await reading((found) => expect(found.gpus).toHaveLength(2));
    write({ gpus: [gpu(0, { utilizationPercent: 12 }), gpu(1, { isLost: true })] });
    await reading((found) => {
      expect(found.error).toBeNull();
      expect(found.gpus).toMatchObject([
        { index: 0, health: 'ok', utilizationPercent: 12 },
        { index: 1, health: 'lost', utilizationPercent: null, memoryUsedBytes: null },
      ]);
      expect(found.facts[1]).toMatchObject({ uuid: 'GPU-1', pciAddress: '00000000:41:00.0' });
    });
    write({ gpus: [gpu(0, { utilizationPercent: 12 }), gpu(1, { utilizationPercent: 3 })] });
    if (way !== smi)
      await reading((found) => expect(found.gpus[1]).toMatchObject({ health: 'ok', utilizationPercent: 3 }));
  });

  it('tells a GPU once that was lost before anybody looked', async () => {
    write({ gpus: [gpu(0, { isLost: true }), gpu(1, { utilizationPercent: 12 })] });
    provider.start(TICK_MS);
    await reading((found) => {
      expect(found.gpus).toMatchObject([
        { index: 0, health: 'lost', utilizationPercent: null },
        { index: 1, health: 'ok', utilizationPercent: 12 },
      ]);
      expect(found.facts).toMatchObject([
        { index: 0, uuid: 'GPU-0', pciAddress: '00000000:40:00.0' },
        { index: 1, uuid: 'GPU-1', pciAddress: '00000000:41:00.0' },
      ]);
    });
  });

  it('reports a driver that hangs, starts no second process, and shows no old figures', async () => {
    write({ gpus: [gpu(0), gpu(1)] });
    provider.start(TICK_MS);
    await reading((found) => expect(found.gpus[0]?.health).toBe('ok'));
    write({ gpus: [gpu(0), gpu(1)], isHung: true });
    await reading((found) => {
      expect(found.error).toMatch(/has not answered for \d+ s/);
      expect(found.gpus).toMatchObject([
        { health: 'error', utilizationPercent: null },
        { health: 'error', utilizationPercent: null },
      ]);
      expect(found.processes).toEqual([]);
    });
    expect(way.started(folder)).toHaveLength(1);
  });

  it('says why there are no figures when the driver is gone, and tries again', async () => {
    write({ gpus: [gpu(0), gpu(1)], isGone: true });
    provider.start(TICK_MS);
    await reading((found) => {
      expect(found.error).toMatch(/driver/);
      expect(found.gpus.map(({ health }) => health)).toEqual(['error', 'error']);
    });
    write({ gpus: [gpu(0), gpu(1)] });
    await reading((found) =>
      expect(found).toMatchObject({ error: null, gpus: [{ health: 'ok' }, { health: 'ok' }] }),
    );
  });

  it('leaves nothing running', async () => {
    write({ gpus: [gpu(0)], processes: [] });
    provider.start(TICK_MS);
    await reading((found) => expect(found.gpus[0]?.health).toBe('ok'));
    const pids = way.started(folder);
    expect(pids.filter(isAlive)).toHaveLength(1);
    provider.stop();
    await expect.poll(() => pids.filter(isAlive)).toEqual([]);
  });
});
