import { MAX_GPU_PROCESSES } from '../../../protocol/constants.ts';
import type { GpuHolder } from '../../../protocol/hello.ts';
import type { System } from '../../system.ts';
import type { GpuReading } from '../provider.ts';
import { listNvidiaGpus } from './nvidia-proc.ts';

/** Who has the device file of a GPU open whose memory is not explained. */
export interface DeviceHolders {
  /** Looks seldom, and only where memory is missing; between looks the last answer stands, as the same object. */
  find(reading: GpuReading, pids: Iterable<number>): readonly GpuHolder[];
}

const LOOK_EVERY_MS = 60_000;
/** Less is within what the driver keeps for itself and its contexts. */
const MISSING_BYTES = 512 * 1024 * 1024;
/** Of one process; a server with many connections is not looked through to its end. */
const MOST_DESCRIPTORS = 512;

/** So long may a look hold up a sample; who comes later in the list is looked at with the next one. */
const LOOK_LIMIT_MS = 250;

const nobody: readonly GpuHolder[] = [];

/** Looks through /proc/PID/fd of processes that this login may read. */
export function createDeviceHolders(system: System): DeviceHolders {
  let found = nobody;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  /** The pid at which the next look begins, where the last one took too long. */
  let resumeAt = 0;

  function devicesOf(pid: number, indexes: ReadonlyMap<string, number>): Set<number> {
    const open = new Set<number>();
    let descriptors: string[];
    try {
      descriptors = system.listStart(`/proc/${pid}/fd`, MOST_DESCRIPTORS);
    } catch {
      // Another user's: only root may look.
      return open;
    }
    for (const name of descriptors) {
      const index = indexes.get(system.readLink(`/proc/${pid}/fd/${name}`) ?? '');
      if (index !== undefined) open.add(index);
    }
    return open;
  }

  function look(reading: GpuReading, missing: ReadonlySet<number>, pids: Iterable<number>): GpuHolder[] {
    const indexes = deviceFiles(system, reading, missing);
    if (indexes.size === 0) return [];
    const explained = new Set(reading.processes.map(({ pid, gpuIndex }) => `${pid} ${gpuIndex}`));
    const holders: GpuHolder[] = [];
    const startedMs = system.monotonicMs();
    const all = [...pids];
    const start = Math.max(0, all.indexOf(resumeAt));
    resumeAt = 0;
    for (const pid of [...all.slice(start), ...all.slice(0, start)]) {
      if (system.monotonicMs() - startedMs > LOOK_LIMIT_MS) {
        resumeAt = pid;
        break;
      }
      for (const gpuIndex of devicesOf(pid, indexes))
        if (!explained.has(`${pid} ${gpuIndex}`) && pid !== process.pid) holders.push({ gpuIndex, pid });
    }
    return holders.slice(0, MAX_GPU_PROCESSES);
  }

  return {
    find(reading, pids) {
      const missing = gpusWithMissingMemory(reading);
      const nowMs = system.monotonicMs();
      if (missing.size === 0) found = nobody;
      else if (nowMs - lookedAtMs >= LOOK_EVERY_MS) {
        lookedAtMs = nowMs;
        found = look(reading, missing, pids);
      }
      return found;
    },
  };
}

/** Indexes of GPUs that have more memory in use than their processes. */
export function gpusWithMissingMemory({ gpus, processes }: GpuReading): Set<number> {
  const held = new Map<number, number>();
  for (const { gpuIndex, gpuMemoryBytes } of processes)
    held.set(gpuIndex, (held.get(gpuIndex) ?? 0) + (gpuMemoryBytes ?? Number.NaN));
  const missing = gpus.filter(
    ({ index, memoryUsedBytes }) => (memoryUsedBytes ?? 0) - (held.get(index) ?? 0) >= MISSING_BYTES,
  );
  return new Set(missing.map(({ index }) => index));
}

/** `/dev/nvidia3` → index of the GPU, which need not be 3. */
function deviceFiles(
  system: System,
  { facts }: GpuReading,
  wanted: ReadonlySet<number>,
): Map<string, number> {
  const minors = new Map(listNvidiaGpus(system).map((gpu) => [gpu.pciAddress, gpu.deviceMinor]));
  const files = new Map<string, number>();
  for (const { index, pciAddress, parentIndex } of facts) {
    const minor = pciAddress === null || parentIndex !== null ? undefined : minors.get(pciAddress);
    if (wanted.has(index) && typeof minor === 'number') files.set(`/dev/nvidia${minor}`, index);
  }
  return files;
}
