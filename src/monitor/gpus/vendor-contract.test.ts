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
import { hostMemoryText, vendorScenarios } from '../../../test/support/vendor-texts.ts';
import { createLeash, type Leash } from '../leash.ts';
import { createSystem, type System } from '../system.ts';
import { createNvidiaSmiProvider } from './nvidia/nvidia-smi.ts';
import type { GpuProvider } from './provider.ts';
import { createGpuProviders } from './providers.ts';

/** What every vendor's tool-driven provider must do, whatever the tool prints. */

const standIn = fileURLToPath(new URL('../../../test/stand-ins/vendor-tool', import.meta.url));
/** A tool rests nine times as long as it took, which is long on a machine that is busy. */
const POLL = { timeout: 60_000, interval: 30 };
vi.setConfig({ testTimeout: 120_000 });
const WORDS = 'the driver is not well';

describe.each(vendorScenarios)('$tool', ({ tool, vendor, scenario, facts, sample, gpuCount, processes }) => {
  let folder = '';
  let system: System;
  let leash: Leash;
  let provider: GpuProvider;
  /** Moves the monotonic clock on: a hang need not be waited for. */
  let skippedMs = 0;

  function write(content: object): void {
    const path = join(folder, 'scenario.json');
    writeFileSync(`${path}.new`, JSON.stringify({ log: join(folder, 'log'), ...content }));
    renameSync(`${path}.new`, path);
  }

  const startedPids = () => {
    const lines = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
    return lines.map((line) => Number(line.split(' ')[0]));
  };

  function create(): GpuProvider {
    const found = createGpuProviders(system, leash, createNvidiaSmiProvider(system, leash)).filter(
      (candidate) => candidate.isPresent(),
    );
    const [only, ...others] = found;
    if (only === undefined || others.length > 0) throw new Error(`${found.length} providers instead of one`);
    return only;
  }

  async function startAndAwait(busy: number): Promise<void> {
    write(scenario(busy));
    provider = create();
    provider.start(200);
    provider.setInterval(200, true);
    expect(provider.read()).toMatchObject({ known: false, facts: [], gpus: [], processes: [], error: null });
    await expect.poll(() => provider.read().gpus[0]?.utilizationPercent, POLL).toBe(busy);
  }

  beforeEach(() => {
    skippedMs = 0;
    folder = mkdtempSync(join(tmpdir(), 'vendor-'));
    mkdirSync(join(folder, 'root/proc'), { recursive: true });
    writeFileSync(join(folder, 'root/proc/meminfo'), hostMemoryText);
    copyFileSync(standIn, join(folder, tool));
    const real = createSystem({ root: join(folder, 'root'), programFolders: [folder] });
    system = { ...real, monotonicMs: () => real.monotonicMs() + skippedMs };
    leash = createLeash(system);
  });
  afterEach(() => {
    provider?.stop();
    leash.release();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is present where its tool is, and not where it is not', () => {
    expect(create().vendor).toBe(vendor);
    rmSync(join(folder, tool));
    expect(
      createGpuProviders(system, leash, createNvidiaSmiProvider(system, leash)).filter((candidate) =>
        candidate.isPresent(),
      ),
    ).toEqual([]);
  });

  it('knows nothing until the tool has answered, and then tells what it said', async () => {
    await startAndAwait(87);
    // Details of facts may come a moment later than the figures.
    await expect.poll(() => provider.read().facts[0], POLL).toMatchObject({ vendor, index: 0, ...facts });
    await expect.poll(() => provider.read().processes.length, POLL).toBe(processes.length);
    const reading = provider.read();
    expect(reading).toMatchObject({ known: true, error: null, processes });
    expect(reading.gpus[0]).toMatchObject({ index: 0, health: 'ok', utilizationPercent: 87, ...sample });
    expect(reading.gpus.map(({ index }) => index)).toEqual([0, 1].slice(0, gpuCount));
    expect(reading.facts).toHaveLength(gpuCount);
    write(scenario(12));
    await expect.poll(() => provider.read().gpus[0]?.utilizationPercent, POLL).toBe(12);
  });

  it('tells the words with which the tool ends, shows no old figure, and takes the next answer', async () => {
    await startAndAwait(50);
    write({ ...scenario(50), mode: 'die', error: WORDS, exitCode: 3 });
    await expect.poll(() => provider.read().error, POLL).toContain(`${tool} ended: ${WORDS}`);
    expect(provider.read().error).toContain('try `');
    expect(provider.read().gpus[0]).toMatchObject({ health: 'error', utilizationPercent: null });
    expect(provider.read().gpus[0]?.memoryUsedBytes ?? null).toBeNull();
    write(scenario(60));
    await expect.poll(() => provider.read().gpus[0]?.utilizationPercent, POLL).toBe(60);
    expect(provider.read().error).toBeNull();
  });

  it('tells of a tool that hangs, and starts no second one', async () => {
    await startAndAwait(50);
    write({ ...scenario(50), mode: 'hang' });
    const before = startedPids().length;
    // A loop hangs within its tick, a run with its next start.
    const isLoop = 'loop' in scenario(0);
    if (!isLoop) await expect.poll(() => startedPids().length, POLL).toBe(before + 1);
    const hanging = startedPids().length;
    skippedMs = 12_000;
    await expect.poll(() => provider.read().error, POLL).toContain(`${tool} has not answered for`);
    expect(provider.read().gpus[0]).toMatchObject({ health: 'error', utilizationPercent: null });
    expect(provider.read().facts).toHaveLength(gpuCount);
    expect(startedPids()).toHaveLength(hanging);
  });

  const itLoops = it.runIf('loop' in scenario(0));
  itLoops('tells what a tool says at every tick in place of an answer, and starts it anew', async () => {
    await startAndAwait(50);
    write({ ...scenario(50), mode: 'complain', error: WORDS });
    skippedMs = 12_000;
    await expect
      .poll(() => provider.read().error, POLL)
      .toMatch(new RegExp(`not answered for .*: ${WORDS}$`));
    expect(provider.read().gpus[0]).toMatchObject({ health: 'error', utilizationPercent: null });
    const before = startedPids().length;
    skippedMs = 45_000;
    await expect.poll(() => provider.read() && startedPids().length, POLL).toBeGreaterThan(before);
    expect(provider.read().error).toMatch(new RegExp(`^${tool} ended: .*${WORDS}`));
    write(scenario(60));
    await expect.poll(() => provider.read().gpus[0]?.utilizationPercent, POLL).toBe(60);
    expect(provider.read().error).toBeNull();
  });

  it('tells of a tool that is gone', async () => {
    await startAndAwait(50);
    rmSync(join(folder, tool));
    for (const pid of startedPids()) endQuietly(pid);
    await expect.poll(() => provider.read().error, POLL).toMatch(new RegExp(`^${tool} ended: .*ENOENT`));
  });

  it('ends all that it started', async () => {
    await startAndAwait(50);
    provider.stop();
    await expect.poll(() => startedPids().filter(isAlive), POLL).toEqual([]);
    expect(() => provider.read()).not.toThrow();
  });
});

function endQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // A run that has ended already.
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
