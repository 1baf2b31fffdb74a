import { noGpuFacts, noGpuFigures } from '../../../protocol/absent.ts';
import type { GpuFacts } from '../../../protocol/gpu-facts.ts';
import type { GpuSample } from '../../../protocol/sample.ts';
import type { System } from '../../system.ts';
import { type DrmCard, isAsleep, listDrmCards } from '../kernel/drm-cards.ts';
import { isDrawingIntel } from '../kernel/integrated.ts';
import { readDeviceName } from '../kernel/pci-devices.ts';
import { createSysfsFigures, type SysfsFigures } from '../kernel/sysfs-figures.ts';
import type { GpuRow } from '../row-book.ts';
import { pcieGenerationOf } from '../tools/printed-figures.ts';

/** What the drivers i915 and xe tell of Intel's cards in sysfs. */
export interface IntelSysfs {
  readonly cards: readonly DrmCard[];
  /** Addresses of GPUs that only draw, and are no rows. */
  readonly drawing: ReadonlySet<string>;
  read(): GpuRow[];
}

/** Clocks in MHz, by driver and kernel release: now, and at most. */
const CLOCKS = ['gt/gt0/rps_act_freq_mhz', 'gt_act_freq_mhz', 'device/tile0/gt0/freq0/act_freq'];
const MAX_CLOCKS = ['gt/gt0/rps_RP0_freq_mhz', 'gt_RP0_freq_mhz', 'device/tile0/gt0/freq0/rp0_freq'];
const MEMORY_TOTALS = ['lmem_total_bytes', 'device/lmem_total_bytes'];
const MEMORY_FREE = ['lmem_avail_bytes', 'device/lmem_avail_bytes'];

/** Finds the cards now; figures of a card that sleeps are not read, because that would wake it. */
export function createIntelSysfs(system: System): IntelSysfs {
  const all = listDrmCards(system, ['i915', 'xe']);
  const drawing = new Set(
    all.filter((card) => isDrawingIntel(system, card)).map(({ pciAddress }) => pciAddress),
  );
  const cards = all.filter(({ pciAddress }) => !drawing.has(pciAddress));
  const figures = createSysfsFigures(system);
  const facts = new Map<string, GpuFacts>();
  const energy = new Map<string, { joules: number; atMs: number }>();

  function factsOf(card: DrmCard, index: number): GpuFacts {
    const known = facts.get(card.path) ?? readFacts(system, figures, card, index);
    facts.set(card.path, known);
    return known;
  }

  /** hwmon has the energy in millionths of a joule, not the power. */
  function wattsOf(card: DrmCard): { powerWatts: number | null; energyJoules: number | null } {
    const counted = monitored(figures, card, 'energy1_input', 1e6);
    if (counted === null) return { powerWatts: null, energyJoules: null };
    const now = { joules: counted, atMs: system.monotonicMs() };
    const before = energy.get(card.path);
    energy.set(card.path, now);
    const elapsedMs = before ? now.atMs - before.atMs : 0;
    const spent = before ? now.joules - before.joules : -1;
    return {
      powerWatts: elapsedMs > 0 && spent >= 0 ? (spent / elapsedMs) * 1000 : null,
      energyJoules: counted,
    };
  }

  return {
    cards,
    drawing,
    read: () =>
      cards.map((card, index) => {
        const empty = { ...noGpuFigures, index, health: 'ok' as const, error: null };
        const isSleeping = isAsleep(system, card);
        // Reading limits and clocks would wake it.
        const known = isSleeping
          ? (facts.get(card.path) ?? bareFacts(system, card, index))
          : factsOf(card, index);
        if (!system.exists(card.device)) {
          return {
            facts: known,
            sample: { ...empty, health: 'lost', error: 'the kernel does not list this GPU any more' },
          };
        }
        if (isSleeping) return { facts: known, sample: empty };
        return { facts: known, sample: { ...readSample(figures, card, index), ...wattsOf(card) } };
      }),
  };
}

function firstNumber(figures: SysfsFigures, card: DrmCard, names: readonly string[]): number | null {
  for (const name of names) {
    const found = figures.number(`${card.path}/${name}`);
    if (found !== null) return found;
  }
  return null;
}

function monitored(figures: SysfsFigures, card: DrmCard, name: string, scale: number): number | null {
  const found = card.hwmon === null ? null : figures.number(`${card.hwmon}/${name}`);
  return found === null ? null : found / scale;
}

function bareFacts(system: System, card: DrmCard, index: number): GpuFacts {
  const ids = { vendor: card.vendor, device: card.deviceId, revision: card.revision };
  const name = readDeviceName(system, ids) ?? `Intel GPU ${card.deviceId ?? ''}`.trim();
  return { ...noGpuFacts, index, vendor: 'Intel', name, pciAddress: card.pciAddress };
}

function readFacts(system: System, figures: SysfsFigures, card: DrmCard, index: number): GpuFacts {
  return {
    ...bareFacts(system, card, index),
    memoryTotalBytes: firstNumber(figures, card, MEMORY_TOTALS),
    powerLimitWatts: monitored(figures, card, 'power1_max', 1e6),
    powerLimitDefaultWatts: monitored(figures, card, 'power1_rated_max', 1e6),
    smClockMaxMHz: firstNumber(figures, card, MAX_CLOCKS),
    pcieGenerationMax: pcieGenerationOf(figures.text(`${card.device}/max_link_speed`)),
    pcieWidthMax: figures.number(`${card.device}/max_link_width`),
    driverVersion: system.tryReadText(`/sys/module/${card.driver}/version`)?.trim() || null,
  };
}

function readSample(figures: SysfsFigures, card: DrmCard, index: number): GpuSample {
  const total = firstNumber(figures, card, MEMORY_TOTALS);
  const free = firstNumber(figures, card, MEMORY_FREE);
  const { core, memory } = temperatures(figures, card);
  return {
    ...noGpuFigures,
    index,
    health: 'ok',
    error: null,
    memoryUsedBytes: total === null || free === null ? null : Math.max(0, total - free),
    memoryFreeBytes: free,
    temperatureCelsius: core,
    memoryTemperatureCelsius: memory,
    smClockMHz: firstNumber(figures, card, CLOCKS),
    pcieGeneration: pcieGenerationOf(figures.text(`${card.device}/current_link_speed`)),
    pcieWidth: figures.number(`${card.device}/current_link_width`) || null,
  };
}

/** i915 has one sensor without a label; xe labels them `pkg` and `vram`. */
function temperatures(figures: SysfsFigures, card: DrmCard): { core: number | null; memory: number | null } {
  const sensors = [1, 2, 3].map((number) => ({
    label: card.hwmon === null ? null : figures.text(`${card.hwmon}/temp${number}_label`),
    celsius: monitored(figures, card, `temp${number}_input`, 1000),
  }));
  const labelled = (label: string) => sensors.find((sensor) => sensor.label === label)?.celsius ?? null;
  const first = sensors.find((sensor) => sensor.celsius !== null && sensor.label !== 'vram');
  return { core: labelled('pkg') ?? first?.celsius ?? null, memory: labelled('vram') };
}
