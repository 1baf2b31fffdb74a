import { noGpuProcessFigures } from '../../../protocol/absent.ts';
import { MAX_GPU_PROCESSES } from '../../../protocol/constants.ts';
import type { System } from '../../system.ts';
import { normalPciAddress } from '../kernel/pci-address.ts';
import { listOf } from '../kernel/pci-devices.ts';
import type { GpuProcessReading } from '../provider.ts';

const KFD = '/sys/class/kfd/kfd';

/** Compute processes of all users as AMD's kernel driver lists them; without a process and without root. */
export interface KfdProcesses {
  /** Whether the driver is there at all: if not, a tool may know more. */
  isPresent(): boolean;
  /** Whether the process is one of them, on whatever GPU. */
  has(pid: number): boolean;
  /** `indexes`: the GPUs' rows by PCI address, of partitions that share one several. */
  read(indexes: ReadonlyMap<string, readonly number[]>): GpuProcessReading[];
}

/**
 * The GPU of a topology node, from its `properties`: `location_id` is bus, device and function in 16 bits. The number of
 * a partition stands in its four highest bits, in some drivers in place of the function, and `amd-smi` prints it there.
 */
export function parseTopologyAddress(text: string): string | null {
  const field = (name: string) => topologyNumber(text, name);
  const location = field('location_id');
  if (!location) return null;
  const hex = (value: number, length: number) => value.toString(16).padStart(length, '0');
  const bus = hex((location >> 8) & 0xff, 2);
  const device = hex((location >> 3) & 0x1f, 2);
  const func = location >>> 28 || location & 7;
  return normalPciAddress(`${hex(field('domain') ?? 0, 4)}:${bus}:${device}.${func}`);
}

/** The GPUs in the driver's topology, in its order: the driver's number and what it says of each. */
export function readTopology(system: System): { id: string; properties: string }[] {
  const nodes = listOf(system, `${KFD}/topology/nodes`).sort((a, b) => Number(a) - Number(b));
  return nodes.flatMap((node) => {
    const path = `${KFD}/topology/nodes/${node}`;
    const id = system.tryReadText(`${path}/gpu_id`)?.trim() ?? '0';
    return id === '0' ? [] : [{ id, properties: system.tryReadText(`${path}/properties`) ?? '' }];
  });
}

/** One whole number of a topology node's `properties`; null where it is not there. */
export function topologyNumber(properties: string, name: string): number | null {
  const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(properties)?.[1];
  return found === undefined ? null : Number(found);
}

/** Reads /sys/class/kfd; what cannot be read there is left out. */
export function createKfdProcesses(system: System): KfdProcesses {
  /** Where the GPU with a number of the driver is, and which of the partitions there that have the same address. */
  let addresses: Map<string, { address: string; partition: number }> | null = null;

  /** The driver's number of a GPU and its address; a reset of the driver gives new ones. */
  function readAddresses(): Map<string, { address: string; partition: number }> {
    const found = new Map<string, { address: string; partition: number }>();
    const counts = new Map<string, number>();
    for (const { id, properties } of readTopology(system)) {
      const address = parseTopologyAddress(properties);
      if (address === null) continue;
      const partition = counts.get(address) ?? 0;
      counts.set(address, partition + 1);
      found.set(id, { address, partition });
    }
    return found;
  }

  function indexOf(id: string, indexes: ReadonlyMap<string, readonly number[]>): number | undefined {
    if (addresses?.get(id) === undefined) addresses = readAddresses();
    const { address, partition } = addresses.get(id) ?? { address: '', partition: 0 };
    // A partition that no tool tells is within its card's row.
    const rows = indexes.get(address) ?? indexes.get(address.replace(/\.\d$/, '.0'));
    return rows?.[partition] ?? rows?.[0];
  }

  function readProcess(pid: string, indexes: ReadonlyMap<string, readonly number[]>): GpuProcessReading[] {
    const files = listOf(system, `${KFD}/proc/${pid}`).filter((name) => /^vram_\d+$/.test(name));
    const held = new Map<number, number>();
    for (const name of files) {
      const gpuIndex = indexOf(name.slice('vram_'.length), indexes);
      const text = system.tryReadText(`${KFD}/proc/${pid}/${name}`)?.trim() ?? '';
      // Every compute process has all GPUs open: one without memory there does not use that GPU.
      if (gpuIndex === undefined || !/^\d+$/.test(text) || text === '0') continue;
      held.set(gpuIndex, (held.get(gpuIndex) ?? 0) + Number(text));
    }
    return Array.from(held, ([gpuIndex, gpuMemoryBytes]) => ({
      ...noGpuProcessFigures,
      pid: Number(pid),
      gpuIndex,
      type: 'C',
      gpuMemoryBytes,
    }));
  }

  return {
    isPresent: () => system.exists(`${KFD}/proc`),
    has: (pid) => system.exists(`${KFD}/proc/${pid}`),
    read(indexes) {
      const pids = listOf(system, `${KFD}/proc`).filter((name) => /^[1-9]\d{0,9}$/.test(name));
      return pids.slice(0, MAX_GPU_PROCESSES).flatMap((pid) => readProcess(pid, indexes));
    },
  };
}
