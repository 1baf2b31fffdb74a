import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  buildKit,
  canCompile,
  compileNvml,
  writeNvmlScenario,
} from '../../../../test/support/nvml-stand-in.ts';
import { createLeash, type Leash } from '../../leash.ts';
import { createSystem, type System } from '../../system.ts';
import { createNvidiaProvider, type NvidiaProvider } from './nvidia.ts';

/** Which of NVIDIA's two ways is taken, and what is said where neither works. */

const standIn = fileURLToPath(new URL('../../../../test/stand-ins/nvidia-smi', import.meta.url));
const TICK_MS = 200;
const card = { uuid: 'GPU-0', pciAddress: '00000000:40:00.0', name: 'NVIDIA H100 80GB HBM3' };

describe.runIf(canCompile)('the choice between NVML and nvidia-smi', () => {
  let built = '';
  let kit: Buffer;
  let folder = '';
  let leash: Leash;
  let provider: NvidiaProvider | null = null;
  let notes: string[] = [];
  const before = { ...process.env };

  beforeAll(() => {
    built = mkdtempSync(join(tmpdir(), 'nvml-'));
    compileNvml(built);
    kit = buildKit();
  });
  afterAll(() => rmSync(built, { recursive: true, force: true }));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nvidia-'));
    process.env.NVML_SCENARIO = join(folder, 'nvml');
    notes = [];
  });
  afterEach(() => {
    provider?.stop();
    leash.release();
    Object.assign(process.env, { LD_LIBRARY_PATH: undefined, ...before });
    if (before.LD_LIBRARY_PATH === undefined) delete process.env.LD_LIBRARY_PATH;
    rmSync(folder, { recursive: true, force: true });
  });

  function withTool(): string[] {
    const programs = join(folder, 'bin');
    mkdirSync(programs);
    copyFileSync(standIn, join(programs, 'nvidia-smi'));
    const gpu = { index: 0, uuid: 'GPU-0', 'pci.bus_id': card.pciAddress, 'utilization.gpu': 33 };
    writeFileSync(join(programs, 'scenario.json'), JSON.stringify({ gpus: [gpu] }));
    return [programs];
  }

  /** A node whose PCI bus and kernel module are made up. */
  function start(options: { library?: string; tool?: boolean; cards?: number }): NvidiaProvider {
    if (options.library) process.env.LD_LIBRARY_PATH = options.library;
    const root = join(folder, 'root');
    for (let at = 0; at < (options.cards ?? 0); at++) {
      const place = join(root, `sys/bus/pci/devices/0000:4${at}:00.0`);
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'vendor'), '0x10de\n');
      writeFileSync(join(place, 'class'), '0x030200\n');
    }
    const real = createSystem({ programFolders: options.tool ? withTool() : [] });
    const moved = createSystem({ root });
    const isMoved = (path: string) => /^\/(?:sys|proc\/driver|etc)\//.test(path);
    const system: System = {
      ...real,
      list: (path) => (isMoved(path) ? moved : real).list(path),
      tryReadText: (path) => (isMoved(path) ? moved : real).tryReadText(path),
      findProgram: (name) => (options.tool ? real.findProgram(name) : null),
    };
    leash = createLeash(system);
    provider = createNvidiaProvider(
      system,
      leash,
      (note) => notes.push(note),
      () => undefined,
    );
    provider.start(TICK_MS);
    return provider;
  }

  const eventually = (read: () => unknown) => expect.poll(read, { timeout: 15_000, interval: 20 });

  it('takes NVML where its library is and the head sends the helper', async () => {
    writeNvmlScenario(join(folder, 'nvml'), { gpus: [{ ...card, utilizationPercent: 44 }] });
    const nvidia = start({ library: built, tool: true });
    expect(nvidia.wantsHelperFor).toBe(process.arch);
    expect(nvidia.read()).toMatchObject({ known: false, error: null });
    nvidia.offer({ kit });
    await eventually(() => nvidia.read().gpus[0]?.utilizationPercent).toBe(44);
    expect(notes).toEqual([]);
  });

  it('takes nvidia-smi where the library is not', async () => {
    const nvidia = start({ tool: true });
    expect(nvidia.wantsHelperFor).toBeNull();
    await eventually(() => nvidia.read().gpus[0]?.utilizationPercent).toBe(33);
  });

  it('takes nvidia-smi where the head has no helper, and says so', async () => {
    const nvidia = start({ library: built, tool: true });
    nvidia.offer({ kit: null, reason: 'none for this processor' });
    await eventually(() => nvidia.read().gpus[0]?.utilizationPercent).toBe(33);
    expect(notes).toEqual(['NVML is not used: none for this processor']);
  });

  it('takes nvidia-smi where the head never answers', async () => {
    const nvidia = start({ library: built, tool: true });
    await eventually(() => nvidia.read().gpus[0]?.utilizationPercent).toBe(33);
    expect(notes).toEqual(['NVML is not used: the head sent no helper']);
  });

  it('takes nvidia-smi where the library cannot be loaded', async () => {
    const broken = join(folder, 'broken');
    mkdirSync(broken);
    writeFileSync(join(broken, 'libnvidia-ml.so.1'), 'for another C library');
    const nvidia = start({ library: broken, tool: true });
    nvidia.offer({ kit });
    await eventually(() => nvidia.read().gpus[0]?.utilizationPercent).toBe(33);
    expect(notes[0]).toMatch(/^NVML is not used: .*(?:file too short|invalid ELF header)/);
  });

  it('takes nvidia-smi where the helper crashes again and again', async () => {
    const crashing = join(folder, 'crashing');
    mkdirSync(crashing);
    writeFileSync(
      join(crashing, 'x.c'),
      '__attribute__((constructor)) static void f(void) { __builtin_trap(); }\n',
    );
    execFileSync('cc', [
      '-shared',
      '-fPIC',
      '-o',
      join(crashing, 'libnvidia-ml.so.1'),
      join(crashing, 'x.c'),
    ]);
    const nvidia = start({ library: crashing, tool: true });
    nvidia.offer({ kit });
    await eventually(() => nvidia.read().gpus[0]?.utilizationPercent).toBe(33);
    expect(notes[0]).toMatch(/ended by SIG\w+, 3 times in a row$/);
  });

  it('says what both lack where neither works', async () => {
    const nvidia = start({ library: built, cards: 2 });
    nvidia.offer({ kit: null, reason: 'none for this processor' });
    await eventually(() => nvidia.read().error).toMatch(
      /2 NVIDIA GPUs on the PCI bus.*NVML: none for this processor/,
    );
  });

  it('says that a driver is not loaded only where there is a card', async () => {
    writeNvmlScenario(join(folder, 'nvml'), { gpus: [], lines: ['init 9'] });
    const nvidia = start({ library: built, cards: 1 });
    nvidia.offer({ kit });
    await eventually(() => nvidia.read().error).toBe(
      'driver not loaded, though the node has 1 NVIDIA GPU on the PCI bus; try modprobe nvidia, or reboot',
    );
    nvidia.stop();
    rmSync(join(folder, 'root'), { recursive: true });
    const bare = start({ library: built });
    bare.offer({ kit });
    await eventually(() => bare.read().known).toBe(true);
    expect(bare.read()).toMatchObject({ error: null, gpus: [] });
  });

  it('says that the driver finds no device', async () => {
    writeNvmlScenario(join(folder, 'nvml'), { gpus: [] });
    const nvidia = start({ library: built, cards: 2 });
    nvidia.offer({ kit });
    await eventually(() => nvidia.read().error).toBe(
      'the NVIDIA driver finds no devices, though the node has 2 NVIDIA GPUs on the PCI bus',
    );
  });

  it('names both versions of a mismatch', async () => {
    writeNvmlScenario(join(folder, 'nvml'), { gpus: [], lines: ['init 18'] });
    const versioned = join(folder, 'versioned');
    mkdirSync(versioned);
    copyFileSync(join(built, 'libnvidia-ml.so.1'), join(versioned, 'libnvidia-ml.so.550.54.15'));
    symlinkSync('libnvidia-ml.so.550.54.15', join(versioned, 'libnvidia-ml.so.1'));
    mkdirSync(join(folder, 'root/proc/driver/nvidia'), { recursive: true });
    writeFileSync(
      join(folder, 'root/proc/driver/nvidia/version'),
      'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n',
    );
    const nvidia = start({ library: versioned, cards: 1 });
    nvidia.offer({ kit });
    await eventually(() => nvidia.read().error).toBe(
      'driver/library version mismatch: the kernel module is 535.104.05, the library 550.54.15; reboot the node or load the module anew',
    );
  });

  it('shows the host’s memory for a GPU that has none of its own', async () => {
    const unified = { ...card, name: 'NVIDIA GB10', more: { utilization: '12 0' } };
    writeNvmlScenario(join(folder, 'nvml'), {
      gpus: [unified],
      lines: ['code nvmlDeviceGetMemoryInfo_v2 3', 'code nvmlDeviceGetMemoryInfo 3'],
    });
    const nvidia = start({ library: built });
    nvidia.offer({ kit });
    await eventually(() => nvidia.read().gpus[0]?.utilizationPercent).toBe(12);
    const { facts, gpus } = nvidia.read();
    expect(facts[0]).toMatchObject({ unifiedMemory: true });
    expect(facts[0]?.memoryTotalBytes).toBe(totalmem());
    expect(gpus[0]?.memoryUsedBytes).toBeGreaterThan(0);
  });

  it('loads the addon where /tmp runs no programs', async () => {
    writeNvmlScenario(join(folder, 'nvml'), { gpus: [{ ...card, utilizationPercent: 44 }] });
    const sealed = join(folder, 'sealed');
    mkdirSync(sealed);
    chmodSync(sealed, 0o500);
    // A folder that takes no files stands in for one that is mounted noexec, which needs privileges.
    process.env.TMPDIR = join(sealed, 'none');
    const nvidia = start({ library: built });
    nvidia.offer({ kit });
    await eventually(() => nvidia.read().gpus[0]?.utilizationPercent).toBe(44);
  });
});
