import { type NvmlArchitecture, nvmlArchitectures } from '../../../protocol/nvml.ts';
import type { Leash } from '../../leash.ts';
import { countNvidiaCards, explainNoDevices } from '../../nvidia-driver/explain.ts';
import { findNvmlLibrary } from '../../nvidia-driver/library-path.ts';
import { type HelperKit, type KitFile, placeKit } from '../../nvml/kit-file.ts';
import type { System } from '../../system.ts';
import type { GpuProvider, GpuReading } from '../provider.ts';
import { listNvidiaGpus } from './nvidia-proc.ts';
import { createNvidiaSmiProvider } from './nvidia-smi.ts';
import { createNvmlProvider } from './nvml.ts';

/** What the head answers to a node that has NVML. */
export type HelperOffer = { kit: HelperKit } | { kit: null; reason: string };

export interface NvidiaProvider extends GpuProvider {
  /** For which processor a helper is wanted; null where NVML is not here, or not for a processor that has one. */
  readonly wantsHelperFor: NvmlArchitecture | null;
  offer(offer: HelperOffer): void;
}

/** How long the head's helper is waited for before nvidia-smi is started instead. */
const OFFER_AWAITED_MS = 10_000;

const nothingYet: GpuReading = { known: false, facts: [], gpus: [], processes: [], error: null };

/**
 * NVIDIA's GPUs through NVML where it can be loaded, else through nvidia-smi. `tell` notes why. `onReading` is called when
 * fresh figures have come from NVML, which tells all GPUs at once.
 */
export function createNvidiaProvider(
  system: System,
  leash: Leash,
  tell: (note: string) => void,
  onReading: () => void,
): NvidiaProvider {
  const smi = createNvidiaSmiProvider(system, leash);
  const library = findNvmlLibrary(system);
  const wantsHelperFor = library === null ? null : architecture();
  let used: GpuProvider | null = null;
  let awaiting: NodeJS.Timeout | null = null;
  let intervalMs = 1_000;
  let whyNot: string | null = null;
  let cards: boolean | null = null;

  function use(provider: GpuProvider): void {
    if (awaiting !== null) clearTimeout(awaiting);
    awaiting = null;
    used = provider;
    provider.start(intervalMs);
  }

  function fallBack(reason: string): void {
    whyNot = reason;
    tell(`NVML is not used: ${reason}`);
    use(smi);
  }

  function read(): GpuReading {
    if (used === null) return nothingYet;
    const reading = used.read();
    if (reading.facts.length > 0 || !(reading.known || reading.error)) return reading;
    // Without a card the library lies there for programs that were built elsewhere: no fault.
    if (!hasCards() && !smi.isPresent()) return { ...reading, known: true, error: null };
    const found = reading.error ?? explainNoDevices(system);
    return { ...reading, error: [found, whyNot && `NVML: ${whyNot}`].filter(Boolean).join('; ') || null };
  }

  /** Looked up once: cards do not come and go while a monitor runs. */
  function hasCards(): boolean {
    cards ??= countNvidiaCards(system) > 0 || listNvidiaGpus(system).length > 0;
    return cards;
  }

  return {
    vendor: 'NVIDIA',
    wantsHelperFor,
    isPresent: () => smi.isPresent() || library !== null,
    start(ms) {
      intervalMs = ms;
      if (wantsHelperFor === null) return use(smi);
      awaiting = setTimeout(() => fallBack('the head sent no helper'), OFFER_AWAITED_MS);
    },
    offer(offer) {
      if (awaiting === null) return;
      if (offer.kit === null) return fallBack(offer.reason);
      let kit: KitFile;
      try {
        kit = placeKit(system, offer.kit);
      } catch (error) {
        return fallBack(error instanceof Error ? error.message : String(error));
      }
      use(createNvmlProvider({ system, leash, kit, onReading, onUnusable: fallBack }));
    },
    setInterval(ms, watched) {
      intervalMs = ms;
      used?.setInterval(ms, watched);
    },
    read,
    stop() {
      if (awaiting !== null) clearTimeout(awaiting);
      awaiting = null;
      used?.stop();
    },
  };
}

function architecture(): NvmlArchitecture | null {
  return nvmlArchitectures.find((name) => name === process.arch) ?? null;
}
