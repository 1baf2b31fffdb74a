import { noGpuFacts, noGpuFigures } from '../../../protocol/absent.ts';
import type { GpuFacts } from '../../../protocol/gpu-facts.ts';
import type { GpuSample } from '../../../protocol/sample.ts';
import type { System } from '../../system.ts';
import { type DrmCard, isAsleep, listDrmCards } from '../kernel/drm-cards.ts';
import { isDrawingApu } from '../kernel/integrated.ts';
import { listOf, readDeviceName } from '../kernel/pci-devices.ts';
import { createSysfsFigures, type SysfsFigures } from '../kernel/sysfs-figures.ts';
import type { GpuRow } from '../row-book.ts';
import { pcieGenerationOf } from '../tools/printed-figures.ts';

/** Clocks in MHz of a `pp_dpm_*` file: `1: 991Mhz *`, where the star marks the one in force. */
export function parseClockLevels(text: string): { currentMHz: number | null; maxMHz: number | null } {
  const levels = [...text.matchAll(/^\s*(?:\d+|S):\s*(\d+)\s*mhz\s*(\*?)/gim)];
  const clocks = levels.map(([, clock]) => Number(clock));
  const current = levels.find(([, , star]) => star === '*')?.[1];
  return {
    currentMHz: current === undefined ? null : Number(current),
    maxMHz: clocks.length === 0 ? null : Math.max(...clocks),
  };
}

/** Errors that a block of the GPU counted since the driver was loaded: `ue: 0` and `ce: 3`. */
export function parseErrorCount(text: string): { corrected: number | null; uncorrected: number | null } {
  const count = (name: string) => {
    const found = new RegExp(`^${name}:\\s*(\\d+)\\s*$`, 'm').exec(text)?.[1];
    return found === undefined ? null : Number(found);
  };
  return { corrected: count('ce'), uncorrected: count('ue') };
}

/** What the amdgpu driver tells of its GPUs in sysfs, readable for everyone and without a process. */
export interface AmdSysfs {
  readonly cards: readonly DrmCard[];
  /** Addresses of GPUs that only draw, and are no rows. */
  readonly drawing: ReadonlySet<string>;
  read(): GpuRow[];
}

/** Facts are looked up again this seldom: error counters and limits. */
const FACTS_EVERY_MS = 60_000;

/** Finds the cards now; a card that is lost later keeps its row, with an error. */
export function createAmdSysfs(system: System): AmdSysfs {
  const all = listDrmCards(system, ['amdgpu']);
  const drawing = new Set(
    all.filter((card) => isDrawingApu(system, card)).map(({ pciAddress }) => pciAddress),
  );
  const cards = all.filter(({ pciAddress }) => !drawing.has(pciAddress));
  const figures = createSysfsFigures(system);
  const facts = new Map<string, { facts: GpuFacts; atMs: number }>();

  function factsOf(card: DrmCard, index: number): GpuFacts {
    const known = facts.get(card.path);
    const nowMs = system.monotonicMs();
    if (known && nowMs - known.atMs < FACTS_EVERY_MS) return known.facts;
    const found = readFacts(system, figures, card, index);
    facts.set(card.path, { facts: found, atMs: nowMs });
    return found;
  }

  return {
    cards,
    drawing,
    read: () =>
      cards.map((card, index) => {
        if (!system.exists(card.device)) return lostRow(facts.get(card.path)?.facts, card, index);
        if (!isAsleep(system, card)) {
          return { facts: factsOf(card, index), sample: readSample(figures, card, index) };
        }
        const known = facts.get(card.path)?.facts ?? sleepingFacts(system, card, index);
        return { facts: known, sample: { ...noGpuFigures, index, health: 'ok', error: null } };
      }),
  };
}

function sleepingFacts(system: System, card: DrmCard, index: number): GpuFacts {
  const ids = { vendor: card.vendor, device: card.deviceId, revision: card.revision };
  const name = readDeviceName(system, ids) ?? `AMD GPU ${card.deviceId ?? ''}`.trim();
  return { ...noGpuFacts, index, vendor: 'AMD', name, pciAddress: card.pciAddress };
}

function lostRow(known: GpuFacts | undefined, card: DrmCard, index: number): GpuRow {
  const facts = known ?? { ...noGpuFacts, index, vendor: 'AMD', pciAddress: card.pciAddress };
  const error = 'the kernel does not list this GPU any more';
  return { facts, sample: { ...noGpuFigures, index, health: 'lost', error } };
}

/** hwmon counts in millionths of a watt and thousandths of a degree. */
const scaled = (value: number | null, by: number) => (value === null ? null : value / by);

function readFacts(system: System, figures: SysfsFigures, card: DrmCard, index: number): GpuFacts {
  const { device, hwmon } = card;
  const text = (name: string) => figures.text(`${device}/${name}`);
  const watts = (name: string) => (hwmon ? scaled(figures.number(`${hwmon}/${name}`), 1e6) : null);
  const celsius = (name: string) => {
    const sensor = sensorOf(figures, card, 'junction') ?? sensorOf(figures, card, 'edge');
    return sensor === null ? null : scaled(figures.number(`${sensor}_${name}`), 1000);
  };
  const errors = readErrorCounts(system, device);
  return {
    ...sleepingFacts(system, card, index),
    ...(text('product_name') ? { name: text('product_name') } : {}),
    uuid: text('unique_id') || null,
    memoryTotalBytes: readMemoryTotal(figures, device),
    powerLimitWatts: watts('power1_cap'),
    powerLimitDefaultWatts: watts('power1_cap_default'),
    powerLimitMaxWatts: watts('power1_cap_max'),
    slowdownCelsius: celsius('crit'),
    shutdownCelsius: celsius('emergency'),
    smClockMaxMHz: parseClockLevels(text('pp_dpm_sclk') ?? '').maxMHz,
    memoryClockMaxMHz: parseClockLevels(text('pp_dpm_mclk') ?? '').maxMHz,
    pcieGenerationMax: pcieGenerationOf(text('max_link_speed')),
    pcieWidthMax: figures.number(`${device}/max_link_width`),
    eccVolatileCorrected: errors.corrected,
    eccVolatileUncorrected: errors.uncorrected,
    driverVersion: system.tryReadText('/sys/module/amdgpu/version')?.trim() || null,
    vbiosVersion: text('vbios_version') || null,
  };
}

/** Null for 0: an MI300A has the host's memory and none of its own (`is_app_apu` in amdgpu's gmc_v9_0.c). */
const readMemoryTotal = (figures: SysfsFigures, device: string) =>
  figures.number(`${device}/mem_info_vram_total`) || null;

/** Sums over the blocks that count errors; null where none does. */
function readErrorCounts(system: System, device: string): ReturnType<typeof parseErrorCount> {
  const names = listOf(system, `${device}/ras`).filter((name) => name.endsWith('_err_count'));
  const counts = names.map((name) => parseErrorCount(system.tryReadText(`${device}/ras/${name}`) ?? ''));
  const sum = (values: (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
  };
  return {
    corrected: sum(counts.map(({ corrected }) => corrected)),
    uncorrected: sum(counts.map(({ uncorrected }) => uncorrected)),
  };
}

/** Path of a temperature sensor up to its number: `…/hwmon3/temp1`; which is which, its label says. */
function sensorOf(figures: SysfsFigures, card: DrmCard, label: 'edge' | 'junction' | 'mem'): string | null {
  if (card.hwmon === null) return null;
  const paths = [1, 2, 3].map((number) => `${card.hwmon}/temp${number}`);
  return paths.find((path) => figures.text(`${path}_label`) === label) ?? null;
}

function readSample(figures: SysfsFigures, card: DrmCard, index: number): GpuSample {
  const { device, hwmon } = card;
  const number = (name: string) => figures.number(`${device}/${name}`);
  const sensor = (label: 'edge' | 'junction' | 'mem') => {
    const path = sensorOf(figures, card, label);
    return path === null ? null : scaled(figures.number(`${path}_input`), 1000);
  };
  const monitored = (name: string) => (hwmon ? figures.number(`${hwmon}/${name}`) : null);
  const total = readMemoryTotal(figures, device);
  const used = total === null ? null : number('mem_info_vram_used');
  return {
    ...noGpuFigures,
    index,
    health: 'ok',
    error: null,
    utilizationPercent: number('gpu_busy_percent'),
    memoryUtilizationPercent: number('mem_busy_percent'),
    memoryUsedBytes: used,
    memoryFreeBytes: used === null || total === null ? null : Math.max(0, total - used),
    temperatureCelsius: sensor('edge') ?? sensor('junction'),
    memoryTemperatureCelsius: sensor('mem'),
    // Older GPUs give the average, newer ones the power at this moment.
    powerWatts: scaled(monitored('power1_average') ?? monitored('power1_input'), 1e6),
    fanPercent: fanPercentOf(monitored('pwm1'), monitored('pwm1_max')),
    smClockMHz: scaled(monitored('freq1_input'), 1e6) ?? currentClock(figures, `${device}/pp_dpm_sclk`),
    memoryClockMHz: scaled(monitored('freq2_input'), 1e6) ?? currentClock(figures, `${device}/pp_dpm_mclk`),
    pcieGeneration: pcieGenerationOf(figures.text(`${device}/current_link_speed`)),
    pcieWidth: number('current_link_width') || null,
  };
}

const currentClock = (figures: SysfsFigures, path: string) =>
  parseClockLevels(figures.text(path) ?? '').currentMHz;

function fanPercentOf(pwm: number | null, max: number | null): number | null {
  return pwm === null || !max ? null : (100 * pwm) / max;
}
