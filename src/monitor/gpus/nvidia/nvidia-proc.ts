import { noGpuFacts } from '../../../protocol/absent.ts';
import type { GpuFacts } from '../../../protocol/gpu-facts.ts';
import type { System } from '../../system.ts';
import { normalPciAddress } from '../kernel/pci-address.ts';

/** A GPU as the kernel module lists it, also when the tool cannot reach it any more. */
export interface ListedGpu {
  pciAddress: string;
  name: string | null;
  uuid: string | null;
  /** N of its device file /dev/nvidiaN. */
  deviceMinor: number | null;
}

const FOLDER = '/proc/driver/nvidia/gpus';

/** Parses `/proc/driver/nvidia/gpus/ADDRESS/information`. */
export function parseGpuInformation(text: string): Omit<ListedGpu, 'pciAddress'> {
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*?)\\s*$`, 'm').exec(text)?.[1] ?? null;
  const uuid = field('GPU UUID');
  const minor = field('Device Minor');
  return {
    name: field('Model'),
    uuid: uuid?.includes('?') ? null : uuid,
    deviceMinor: minor !== null && /^\d+$/.test(minor) ? Number(minor) : null,
  };
}

/**
 * The GPUs that the loaded kernel module knows and lets this user have, in PCI order; empty without the module. Those
 * that an administrator excluded (NVreg_ExcludedGpus), and those that a job's control group withholds from a login that
 * was adopted into it, are not lost.
 */
export function listNvidiaGpus(system: System): ListedGpu[] {
  let names: string[];
  try {
    names = system.list(FOLDER);
  } catch {
    return [];
  }
  return names.sort().flatMap((address) => {
    const text = system.tryReadText(`${FOLDER}/${address}/information`) ?? '';
    const gpu = { pciAddress: normalPciAddress(address), ...parseGpuInformation(text) };
    const isExcluded = /^GPU Excluded:\s*Yes/m.test(text);
    const isWithheld = gpu.deviceMinor !== null && system.isWithheld(`/dev/nvidia${gpu.deviceMinor}`);
    return isExcluded || isWithheld ? [] : gpu;
  });
}

const LISTED_EVERY_MS = 5_000;

/** The same for every sample: reading it anew costs eight files on a machine with eight GPUs. */
export function createNvidiaGpuList(system: System): () => readonly ListedGpu[] {
  let known: { gpus: ListedGpu[]; atMs: number } | null = null;
  return () => {
    const nowMs = system.monotonicMs();
    if (known === null || nowMs - known.atMs >= LISTED_EVERY_MS)
      known = { gpus: listNvidiaGpus(system), atMs: nowMs };
    return known.gpus;
  };
}

/** The little that is known of a GPU which only the kernel module lists. */
export function factsOfListed({ pciAddress, name, uuid }: ListedGpu, index: number): GpuFacts {
  return { ...noGpuFacts, pciAddress, name, uuid, index, vendor: 'NVIDIA' };
}
