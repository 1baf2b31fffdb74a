import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
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
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLeash, type Leash } from '../../leash.ts';
import { createSystem } from '../../system.ts';
import type { GpuProvider } from '../provider.ts';
import { gpusWithMissingMemory } from './device-holders.ts';
import { createNvidiaSmiProvider } from './nvidia-smi.ts';

const standIn = fileURLToPath(new URL('../../../../test/stand-ins/nvidia-smi', import.meta.url));
const TICK_MS = 200;

const gpu = (index: number, more: object = {}) => ({
  index,
  uuid: `GPU-${index}`,
  'pci.bus_id': `00000000:${40 + index}:00.0`,
  name: 'NVIDIA H100 80GB HBM3',
  ...more,
});

describe('nvidia-smi in loop mode', () => {
  /** Moves the monotonic clock on: a hang need not be waited for. */
  let skippedMs = 0;
  let folder = '';
  let leash: Leash;
  let provider: GpuProvider;

  function write(scenario: object): void {
    writeFileSync(
      join(folder, 'scenario.json.new'),
      JSON.stringify({ log: join(folder, 'log'), ...scenario }),
    );
    // At once: the tool may read at any moment.
    renameSync(join(folder, 'scenario.json.new'), join(folder, 'scenario.json'));
  }

  /** pids of the tools of one kind that were ever started. */
  const started = (kind: string) =>
    new Set(
      readFileSync(join(folder, 'log'), 'utf8')
        .split('\n')
        .filter((line) => line.includes(kind))
        .map((line) => line.split(' ')[0]),
    ).size;

  beforeEach(() => {
    skippedMs = 0;
    folder = mkdtempSync(join(tmpdir(), 'smi-'));
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
      monotonicMs: () => real.monotonicMs() + skippedMs,
      list: (path: string) => (path.startsWith('/proc/driver') ? moved.list(path) : real.list(path)),
      tryReadText: (path: string) =>
        path.startsWith('/proc/driver') ? moved.tryReadText(path) : real.tryReadText(path),
    };
    leash = createLeash(system);
    provider = createNvidiaSmiProvider(system, leash);
  });
  afterEach(() => {
    vi.useRealTimers();
    provider.stop();
    leash.release();
    rmSync(folder, { recursive: true, force: true });
  });

  it('reads GPUs and processes with one process each, however many ticks', async () => {
    write({
      gpus: [gpu(0, { 'utilization.gpu': 87 }), gpu(1)],
      processes: [{ gpu: 0, pid: 4242, memoryMiB: 512, sm: 40 }],
    });
    provider.start(TICK_MS);
    await expect
      .poll(() => provider.read().processes[0]?.gpuUtilizationPercent, { timeout: 15_000 })
      .toBe(40);
    await expect
      .poll(() => readFileSync(join(folder, 'log'), 'utf8').split('\n').length, { timeout: 10_000 })
      .toBeGreaterThan(20);
    const reading = provider.read();
    expect(reading).toMatchObject({ known: true, error: null });
    expect(reading.gpus.map((row) => row.utilizationPercent)).toEqual([87, 0]);
    expect(reading.processes).toMatchObject([
      { pid: 4242, gpuIndex: 0, gpuMemoryBytes: 512 * 1024 * 1024, gpuUtilizationPercent: 40 },
    ]);
    expect([started('--query-gpu'), started('--query-compute-apps'), started('pmon -s um -d')]).toEqual([
      1, 1, 1,
    ]);
  });

  it('tells what draws, where memory is in use that nothing else explains', async () => {
    const memory = { 'memory.used': 900 };
    const xorg = { gpu: 1, pid: 99, memoryMiB: 880, type: 'G', name: 'Xorg' };
    write({ gpus: [gpu(0), gpu(1, memory)], processes: [xorg] });
    provider.start(TICK_MS);
    await expect
      .poll(() => provider.read().processes, { timeout: 15_000 })
      .toMatchObject([{ pid: 99, gpuIndex: 1, type: 'G', gpuMemoryBytes: 880 * 1024 * 1024 }]);
    expect(gpusWithMissingMemory(provider.read())).toEqual(new Set());
  });

  it('tells what draws with little memory, though nothing computes', async () => {
    const xorg = { gpu: 1, pid: 99, memoryMiB: 40, type: 'G', name: 'Xorg' };
    write({ gpus: [gpu(0), gpu(1, { 'memory.used': 60 })], processes: [xorg] });
    provider.start(TICK_MS);
    await expect
      .poll(() => provider.read().processes, { timeout: 15_000 })
      .toMatchObject([{ pid: 99, gpuIndex: 1, type: 'G', gpuMemoryBytes: 40 * 1024 * 1024 }]);
  });

  it('keeps no more than the queries running where nobody uses a GPU', async () => {
    write({ gpus: [gpu(0)], processes: [] });
    provider.start(TICK_MS);
    await expect.poll(() => started('pmon -s um -c 1'), { timeout: 15_000 }).toBe(1);
    await expect
      .poll(() => readFileSync(join(folder, 'log'), 'utf8').split('\n').length, { timeout: 10_000 })
      .toBeGreaterThan(20);
    expect(started('pmon')).toBe(1);
  });

  it('tells no process, process gone and tool gone apart', async () => {
    write({ gpus: [gpu(0), gpu(1)], processes: [{ gpu: 1, pid: 77, memoryMiB: 8 }] });
    provider.start(TICK_MS);
    await expect.poll(() => provider.read().processes.length, { timeout: 10_000 }).toBe(1);
    write({ gpus: [gpu(0), gpu(1)], processes: [] });
    await expect.poll(() => provider.read().processes.length, { timeout: 10_000 }).toBe(0);
    expect(provider.read().error).toBeNull();
    write({
      gpus: [],
      mode: 'die',
      error: 'Failed to initialize NVML: Driver/library version mismatch',
      exitCode: 18,
    });
    await expect
      .poll(() => provider.read().error, { timeout: 10_000 })
      .toContain('Driver/library version mismatch');
  });

  it('starts a dead tool again with growing waits', async () => {
    write({ gpus: [gpu(0), gpu(1)], mode: 'die' });
    provider.start(TICK_MS);
    await expect.poll(() => started('--query-gpu'), { timeout: 15_000 }).toBe(3);
    // The kernel module lists them all the while.
    expect(provider.read().gpus.map(({ health }) => health)).toEqual(['error', 'error']);
    write({ gpus: [gpu(0), gpu(1)] });
    await expect
      .poll(() => provider.read().gpus.map(({ health }) => health), { timeout: 15_000 })
      .toEqual(['ok', 'ok']);
    expect(started('--query-gpu')).toBe(4);
  });

  it('reports a tool that hangs, starts no second one, and shows no old figures', async () => {
    write({ gpus: [gpu(0, { 'utilization.gpu': 50 }), gpu(1)] });
    provider.start(TICK_MS);
    await expect.poll(() => provider.read().gpus[0]?.utilizationPercent, { timeout: 10_000 }).toBe(50);
    write({ gpus: [], mode: 'hang' });
    await expect.poll(() => provider.read().error, { timeout: 15_000 }).toContain('has not answered for');
    expect(provider.read().gpus[0]).toMatchObject({ health: 'error', utilizationPercent: null });
    expect(started('--query-gpu')).toBe(1);
  });

  it('tells what the tool says at every tick in place of rows, and starts it anew', async () => {
    write({ gpus: [gpu(0), gpu(1)] });
    provider.start(TICK_MS);
    await expect.poll(() => provider.read().gpus[0]?.health, { timeout: 10_000 }).toBe('ok');
    const error = 'Failed to initialize NVML: Unknown Error';
    write({ gpus: [], mode: 'complain', error });
    skippedMs = 12_000;
    await expect
      .poll(() => provider.read().error, { timeout: 10_000 })
      .toMatch(/nvidia-smi has not answered for \d+ s: Failed to initialize NVML: Unknown Error$/);
    expect(provider.read().gpus[0]).toMatchObject({ health: 'error', error: expect.stringContaining(error) });
    skippedMs = 45_000;
    await expect.poll(() => provider.read().error, { timeout: 10_000 }).toContain(`ended: ${error} ·`);
    write({ gpus: [gpu(0), gpu(1)] });
    await expect.poll(() => provider.read().gpus[0]?.health, { timeout: 15_000 }).toBe('ok');
    expect(started('--query-gpu')).toBe(2);
  });

  it('tells why no process is told, but takes no row for that', async () => {
    const processes = [{ gpu: 0, pid: '[N/A]', memoryMiB: '[N/A]' }];
    write({ gpus: [gpu(0), gpu(1)], processes });
    provider.start(TICK_MS);
    await expect.poll(() => provider.read().gpus.length, { timeout: 10_000 }).toBe(2);
    skippedMs = 20_000;
    await expect.poll(() => provider.read().gpus[0]?.health, { timeout: 10_000 }).toBe('ok');
    expect(provider.read().error).toBeNull();
    write({ gpus: [gpu(0), gpu(1)], processError: '[Unknown Error]' });
    await expect
      .poll(() => provider.read().error, { timeout: 15_000 })
      .toMatch(/^processes: nvidia-smi has not answered for \d+ s: \[Unknown Error\]$/);
    expect(provider.read().gpus[0]).toMatchObject({ health: 'ok' });
  });

  it('takes a tool that never answered for no sign that there is no GPU', async () => {
    write({ gpus: [], mode: 'hang' });
    provider.start(TICK_MS);
    await expect.poll(() => provider.read().error, { timeout: 15_000 }).toContain('has not answered');
    await expect.poll(() => provider.read().gpus.length, { timeout: 15_000 }).toBe(2);
    expect(provider.read().gpus[0]).toMatchObject({ health: 'error', memoryUsedBytes: null });
    rmSync(join(folder, 'root', 'proc', 'driver'), { recursive: true });
    expect(provider.read()).toMatchObject({ known: false, gpus: [] });
  });

  it('keeps the others when one GPU falls off the bus', async () => {
    write({ gpus: [gpu(0), gpu(1)] });
    provider.start(TICK_MS);
    await expect.poll(() => provider.read().gpus.length, { timeout: 10_000 }).toBe(2);
    write({ gpus: [gpu(0, { 'utilization.gpu': 33 }), gpu(1)], lost: ['00000000:41:00.0'] });
    await expect.poll(() => provider.read().gpus[1]?.health, { timeout: 15_000 }).toBe('lost');
    await expect.poll(() => provider.read().gpus[0]?.utilizationPercent, { timeout: 15_000 }).toBe(33);
    expect(provider.read().gpus[1]).toMatchObject({ memoryUsedBytes: null });
    expect(provider.read().facts.map((row) => row.uuid)).toEqual(['GPU-0', 'GPU-1']);
  });

  it('takes a GPU back that answers again, and tries one that does not beside the others', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const lost = ['00000000:40:00.0', '00000000:41:00.0'];
    const scenario = { gpus: [gpu(0), gpu(1)], processes: [{ gpu: 1, pid: 77, memoryMiB: 8 }] };
    const tries = (address = '') => started(`nounits --id=${address}`);
    write({ ...scenario, lost });
    provider.start(TICK_MS);
    await vi.waitFor(() => expect(started('--query-gpu')).toBeGreaterThan(2), 15_000);
    expect(tries()).toBe(0);
    write({ ...scenario, lost: lost.slice(0, 1) });
    await vi.advanceTimersByTimeAsync(300_000);
    await vi.waitFor(() => {
      expect(provider.read().gpus.map(({ health }) => health)).toEqual(['lost', 'ok']);
      expect(provider.read().processes).toMatchObject([{ pid: 77, gpuIndex: 1 }]);
    }, 15_000);
    expect(lost.map(tries)).toEqual([1, 1]);
    const loops = started('--loop-ms');
    await vi.advanceTimersByTimeAsync(300_000);
    await vi.waitFor(() => expect(lost.map(tries)).toEqual([2, 1]), 15_000);
    expect(provider.read()).toMatchObject({ error: null, gpus: [{ health: 'lost' }, { health: 'ok' }] });
    expect(started('--loop-ms')).toBe(loops);
  });
});

describe('leash', () => {
  it('ends the tools when the monitor is killed', async () => {
    const program = `
      import { createLeash } from ${JSON.stringify(new URL('../../leash.ts', import.meta.url).href)};
      import { createSystem } from ${JSON.stringify(new URL('../../system.ts', import.meta.url).href)};
      const system = createSystem();
      const leash = createLeash(system);
      const child = system.start('/bin/sleep', ['1000']);
      leash.add(child);
      console.log(child.pid);
      setInterval(() => 0, 1000);`;
    const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [first] = (await once(owner.stdout, 'data')) as [Buffer];
    const pid = Number(first.toString());
    expect(() => process.kill(pid, 0)).not.toThrow();
    owner.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
