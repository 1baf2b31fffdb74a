import { noGpuFacts, noGpuFigures } from '../../../protocol/absent.ts';
import { parseMemory } from '../../collectors/memory.ts';
import type { Leash } from '../../leash.ts';
import type { System } from '../../system.ts';
import { createSysfsFigures } from '../kernel/sysfs-figures.ts';
import { type HostMemory, withHostMemory } from '../nvidia/unified-memory.ts';
import type { GpuProvider, GpuReading } from '../provider.ts';
import type { GpuRow } from '../row-book.ts';
import { createLoopProvider } from '../tools/loop-provider.ts';
import { parseTegrastats } from './tegrastats-parse.ts';

/** Files with the GPU's load in thousandths, by release of the board support package. */
const LOAD_FILES = [
  '/sys/devices/gpu.0/load',
  '/sys/devices/platform/gpu.0/load',
  '/sys/devices/platform/bus@0/17000000.gpu/load',
  '/sys/devices/platform/17000000.ga10b/load',
  '/sys/devices/platform/17000000.gv11b/load',
  '/sys/devices/platform/17000000.gp10b/load',
  '/sys/devices/57000000.gpu/load',
];

/** Whether the node is one of NVIDIA's Jetson boards. */
export function isJetson(system: System): boolean {
  if (system.exists('/etc/nv_tegra_release')) return true;
  return /\bnvidia,tegra/.test(system.tryReadText('/proc/device-tree/compatible') ?? '');
}

/** The board's name; the device tree ends its texts with a NUL. */
function readBoard(system: System): string | null {
  const text = system.tryReadText('/proc/device-tree/model')?.replace(/\0.*$/s, '').trim();
  return text ? text.slice(0, 200) : null;
}

/** `# R35 (release), REVISION: 4.1, …` → `35.4.1` */
export function parseTegraRelease(text: string): string | null {
  const found = /# R(\d+)\b.*?REVISION:\s*([\d.]+)/.exec(text);
  return found ? `${found[1]}.${found[2]}` : null;
}

/**
 * The GPU within a Jetson. `tegrastats` runs in loop mode; where it is not there, sysfs still tells the load.
 * Its memory is the host's, and is read where the host's own figures are.
 */
export function createJetsonProvider(system: System, leash: Leash): GpuProvider {
  const program = system.findProgram('tegrastats');
  const figures = createSysfsFigures(system);
  const readMemory = system.textReader('/proc/meminfo');
  const facts = {
    ...noGpuFacts,
    index: 0,
    vendor: 'NVIDIA',
    name: readBoard(system) ?? 'NVIDIA Jetson',
    unifiedMemory: true,
    driverVersion: parseTegraRelease(system.tryReadText('/etc/nv_tegra_release') ?? ''),
  };
  const loop = createLoopProvider({
    system,
    leash,
    vendor: 'NVIDIA',
    tool: 'tegrastats',
    program,
    remedy: 'try `tegrastats` on the node',
    pciVendors: [],
    stepMs: (ms) => Math.max(200, Math.min(30_000, ms)),
    args: (stepMs) => ['--interval', String(stepMs)],
    takeLine(line, book, atMs) {
      const reading = parseTegrastats(line);
      if (reading === null) return false;
      book.take(
        { facts: { ...facts, memoryTotalBytes: reading.memoryTotalBytes }, sample: reading.sample },
        atMs,
      );
      return true;
    },
  });

  function hostMemory(): HostMemory {
    try {
      return parseMemory(readMemory());
    } catch {
      return { totalBytes: null, usedBytes: null, availableBytes: null };
    }
  }

  const loadPercent = () => {
    const loads = LOAD_FILES.map((path) => figures.number(path));
    const load = loads.find((value) => value !== null) ?? null;
    return load === null ? null : Math.min(100, load / 10);
  };

  function readSysfs(): GpuRow[] {
    const utilizationPercent = loadPercent();
    if (utilizationPercent === null) return [];
    const sample = { ...noGpuFigures, index: 0, health: 'ok' as const, error: null, utilizationPercent };
    return [{ facts, sample }];
  }

  return {
    ...loop,
    isPresent: () => program !== null || isJetson(system),
    read(): GpuReading {
      const told = program === null ? null : loop.read();
      const rows = told
        ? told.facts.map((row, place) => ({ facts: row, sample: told.gpus[place] }))
        : readSysfs();
      const whole = rows.flatMap(({ facts: row, sample }) =>
        sample ? [withHostMemory({ facts: row, sample }, hostMemory())] : [],
      );
      const missing = whole.length > 0 ? null : 'this is a Jetson, but tegrastats is not installed';
      return {
        known: told?.known ?? true,
        facts: whole.map((row) => row.facts),
        gpus: whole.map((row) => row.sample),
        processes: [],
        error: told === null ? missing : told.error,
      };
    },
  };
}
