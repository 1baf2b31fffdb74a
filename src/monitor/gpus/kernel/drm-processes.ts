import { noGpuProcessFigures } from '../../../protocol/absent.ts';
import type { System } from '../../system.ts';
import type { GpuProcessReading } from '../provider.ts';
import { clientUtilization, type DrmClient, parseDrmFdinfo } from './drm-fdinfo.ts';
import { listOf } from './pci-devices.ts';

/** Processes that have a GPU open through the kernel's graphics subsystem. */
export interface DrmProcesses {
  /** `indexes`: the GPUs' rows by PCI address; of partitions that share one the first counts. Costs a look at a few files; scans for new ones sparingly. */
  read(indexes: ReadonlyMap<string, readonly number[]>): GpuProcessReading[];
}

/** Looking through all descriptors of all own processes is dear, and a GPU job runs for minutes. */
const SCAN_EVERY_MS = 15_000;
/** So long may a scan hold up a sample; the rest is looked through with the next one. */
const SCAN_LIMIT_MS = 250;
const MAX_PROCESSES = 256;
const MAX_DESCRIPTORS = 1_024;
const DEVICE = /^\/dev\/dri\/(?:renderD|card)\d+$/;
const ENCODERS = /^(?:enc|vcn_enc|uvd_enc)/;
const DECODERS = /^(?:dec|vcn_dec|uvd$)/;

interface SeenClient {
  client: DrmClient;
  atMs: number;
}

/**
 * The kernel lets only the owner (and root) look into a process's descriptors, so only such processes are
 * told; others' are told by the vendor's own means or not at all.
 */
export function createDrmProcesses(system: System): DrmProcesses {
  /** Paths of the fdinfo files by pid. */
  let open = new Map<number, string[]>();
  let scannedMs = Number.NEGATIVE_INFINITY;
  /** The name at which the next scan begins, where the last one took too long. */
  let resumeAt = '';
  let before = new Map<string, SeenClient>();

  function scan(): void {
    const names = listOf(system, '/proc').filter((name) => /^[1-9]\d*$/.test(name));
    const start = Math.max(0, names.indexOf(resumeAt));
    const startedMs = system.monotonicMs();
    const found = new Map<number, string[]>();
    resumeAt = '';
    for (const name of [...names.slice(start), ...names.slice(0, start)]) {
      if (found.size >= MAX_PROCESSES) break;
      if (resumeAt === '' && system.monotonicMs() - startedMs > SCAN_LIMIT_MS) resumeAt = name;
      // What is known of those that are left for the next scan stands.
      const paths = resumeAt === '' ? devicesOf(name) : (open.get(Number(name)) ?? []);
      if (paths.length > 0) found.set(Number(name), paths);
    }
    open = found;
  }

  function devicesOf(pid: string): string[] {
    if (system.uid !== 0 && system.ownerOf(`/proc/${pid}`) !== system.uid) return [];
    return descriptorsOf(pid)
      .filter((name) => DEVICE.test(system.readLink(`/proc/${pid}/fd/${name}`) ?? ''))
      .map((name) => `/proc/${pid}/fdinfo/${name}`);
  }

  function descriptorsOf(pid: string): string[] {
    try {
      return system.listStart(`/proc/${pid}/fd`, MAX_DESCRIPTORS);
    } catch {
      return [];
    }
  }

  function readClients(): Map<string, SeenClient & { pid: number }> {
    const found = new Map<string, SeenClient & { pid: number }>();
    for (const [pid, paths] of open) {
      for (const path of paths) {
        const client = parseDrmFdinfo(system.tryReadText(path) ?? '');
        if (client === null) continue;
        found.set(`${pid} ${client.pciAddress} ${client.clientId}`, {
          client,
          pid,
          atMs: system.monotonicMs(),
        });
      }
    }
    return found;
  }

  return {
    read(indexes) {
      if (system.monotonicMs() - scannedMs > SCAN_EVERY_MS) {
        scannedMs = system.monotonicMs();
        scan();
      }
      const now = readClients();
      const rows = new Map<string, GpuProcessReading>();
      for (const [key, { client, pid, atMs }] of now) {
        const gpuIndex = indexes.get(client.pciAddress)?.[0];
        if (gpuIndex === undefined) continue;
        const earlier = before.get(key);
        const share = (engines?: RegExp) =>
          earlier ? clientUtilization(earlier.client, client, atMs - earlier.atMs, engines) : null;
        const row: GpuProcessReading = {
          ...noGpuProcessFigures,
          pid,
          gpuIndex,
          gpuMemoryBytes: client.memoryBytes,
          gpuUtilizationPercent: share(),
          gpuEncoderPercent: share(ENCODERS),
          gpuDecoderPercent: share(DECODERS),
        };
        const place = `${pid} ${gpuIndex}`;
        rows.set(place, addUp(rows.get(place), row));
      }
      before = now;
      return [...rows.values()];
    },
  };
}

/** A process may be several clients of one GPU. */
function addUp(one: GpuProcessReading | undefined, other: GpuProcessReading): GpuProcessReading {
  if (one === undefined) return other;
  const sum = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : a + b);
  const percent = (a: number | null, b: number | null) => {
    const total = sum(a, b);
    return total === null ? null : Math.min(100, total);
  };
  return {
    ...one,
    gpuMemoryBytes: sum(one.gpuMemoryBytes, other.gpuMemoryBytes),
    gpuUtilizationPercent: percent(one.gpuUtilizationPercent, other.gpuUtilizationPercent),
    gpuEncoderPercent: percent(one.gpuEncoderPercent, other.gpuEncoderPercent),
    gpuDecoderPercent: percent(one.gpuDecoderPercent, other.gpuDecoderPercent),
  };
}
