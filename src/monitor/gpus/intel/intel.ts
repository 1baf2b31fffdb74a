import { noGpuFacts } from '../../../protocol/absent.ts';
import type { GpuFacts } from '../../../protocol/gpu-facts.ts';
import type { Leash } from '../../leash.ts';
import type { System } from '../../system.ts';
import { createDrmProcesses } from '../kernel/drm-processes.ts';
import { indexesByAddress, withKernelRows, withoutCards } from '../kernel/kernel-rows.ts';
import type { GpuProvider, GpuReading } from '../provider.ts';
import { createLoopProvider, secondsStepMs } from '../tools/loop-provider.ts';
import { createToolRuns, type ToolRuns } from '../tools/tool-runs.ts';
import { createIntelSysfs } from './intel-sysfs.ts';
import { createXpuDumpParser, parseXpuDiscovery, XPU_DUMP_WAYS, xpuSample } from './xpu-smi-parse.ts';

/** Details of so many devices are asked for one by one. */
const MAX_DETAILED = 16;
const PCI_VENDORS = ['0x8086'];

/**
 * Intel's data centre cards. The kernel keeps a GPU's load to root (its counters are perf events), so
 * `xpu-smi dump` runs in loop mode beside sysfs, which tells clocks, power and links with every sample.
 */
export function createIntelProvider(system: System, leash: Leash): GpuProvider {
  const program = system.findProgram('xpu-smi');
  const sysfs = createIntelSysfs(system);
  const drm = createDrmProcesses(system);
  const facts = new Map<number, GpuFacts>();
  const parser = createXpuDumpParser();
  const discovery = program === null ? null : createDiscovery(system, leash, program, facts);
  const loop = createLoopProvider({
    system,
    leash,
    vendor: 'Intel',
    tool: 'xpu-smi',
    program,
    remedy: 'try `xpu-smi discovery` on the node',
    stepMs: secondsStepMs,
    pciVendors: PCI_VENDORS,
    args: (stepMs, unanswered) =>
      XPU_DUMP_WAYS[unanswered % XPU_DUMP_WAYS.length]?.(String(stepMs / 1_000)) ?? [],
    takeLine(line, book, atMs) {
      const sample = parser.read(line);
      if (sample === null) return false;
      const { index } = sample;
      const known = facts.get(index) ?? { ...noGpuFacts, index, vendor: 'Intel' };
      book.take({ facts: known, sample: xpuSample(known, sample) }, atMs);
      return true;
    },
    trouble: parser.trouble,
  });

  function read(): GpuReading {
    const told = withoutCards(loop.read(), sysfs.drawing);
    if (told.known && told.gpus.length === 0 && told.error === null) discovery?.stop();
    const merged = sysfs.cards.length === 0 ? told : withKernelRows(told, sysfs.read());
    // Looking through processes is of no use where no GPU's address is known.
    const indexes = indexesByAddress(merged.facts);
    return { ...merged, processes: indexes.size === 0 ? [] : drm.read(indexes) };
  }

  return {
    ...loop,
    isPresent: () => program !== null || sysfs.cards.length > 0,
    start(ms) {
      discovery?.start(DISCOVERY_EVERY_MS);
      loop.start(ms);
    },
    read,
    stop() {
      discovery?.stop();
      loop.stop();
    },
  };
}

const DISCOVERY_EVERY_MS = 600_000;

/** Which devices there are, and then each one's memory and driver, which the list leaves out. */
function createDiscovery(
  system: System,
  leash: Leash,
  program: string,
  facts: Map<number, GpuFacts>,
): ToolRuns {
  const take = (text: string): boolean => {
    const found = parseXpuDiscovery(text);
    for (const [index, device] of found ?? []) {
      // The list has the address, the details have the memory: neither takes away what the other said.
      const said = Object.entries(device).filter(([, value]) => value !== null);
      facts.set(index, { ...device, ...facts.get(index), ...Object.fromEntries(said) });
    }
    return found !== null && found.size > 0;
  };
  return createToolRuns({
    system,
    leash,
    program,
    questions: function* () {
      yield { args: ['discovery', '-j'], take };
      const devices = [...facts.keys()].slice(0, MAX_DETAILED);
      for (const index of devices)
        yield { args: ['discovery', '-d', String(index), '-j'], take, isOptional: true };
    },
  });
}
