import { clusterJobKey } from '../protocol/job-kinds.ts';
import type { ReportedGpu } from '../protocol/reported-sample.ts';
import type {
  GpuAllocation,
  NodeScheduler,
  SchedulerAllocation,
  SchedulerNode,
  SlurmPlace,
} from '../protocol/scheduler.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { SchedulerWord } from './scheduler-answers.ts';

/** What a scheduler says, put into the report of a node. Pure. */

/** Flags of a node's state with which Slurm starts nothing there. */
const OUT_OF_SERVICE =
  /^(?:DRAIN(?:ED|ING)?|DOWN|FAIL(?:ING|ED)?|ERROR|INVAL(?:ID|ID_REG)?|MAINT|NOT_RESPONDING|NO_RESPOND|POWER(?:ED|ING)_DOWN|POWER_DOWN|UNKNOWN|FUTURE)$/;

/** `IDLE+DRAIN`, `MIXED*` (does not answer): signs behind a word are flags of their own. */
export function isOutOfService(state: string): boolean {
  return state
    .toUpperCase()
    .split('+')
    .some((word) => word.endsWith('*') || OUT_OF_SERVICE.test(word.replace(/[^A-Z_]+$/, '')));
}

/** What a report says of the scheduler of its node. */
export function describeScheduler(place: SlurmPlace, word: SchedulerWord): NodeScheduler {
  const { node, askedBy, ageMs, problem } = word;
  return {
    cluster: place.cluster,
    state: node?.state ?? null,
    reason: node?.reason ?? null,
    partitions: [...(node?.partitions ?? [])],
    reservation: node?.reservation ?? null,
    isDrained: node !== null && isOutOfService(node.state),
    askedBy,
    ageMs,
    problem,
  };
}

/**
 * The GPU of each of Slurm's indexes. Those follow the order of the device files in gres.conf (`File=`, AutoDetect), so
 * that index N is /dev/nvidiaN; where no such number is known, the order of the driver's own. MIG instances are
 * counted in their order, and only where Slurm gives out as many as there are.
 */
export function gpusByGres(
  gpus: readonly ReportedGpu[],
  { gpuMinors }: Pick<SlurmPlace, 'gpuMinors'>,
  gpuCount: number,
): ReadonlyMap<number, ReportedGpu> {
  const inOrder = [...gpus].sort(
    (a, b) => (a.parentIndex ?? a.index) - (b.parentIndex ?? b.index) || a.index - b.index,
  );
  const instances = inOrder.filter(({ parentIndex }) => parentIndex !== null);
  if (instances.length > 0) {
    const split = new Set(instances.map(({ parentIndex }) => parentIndex));
    const units = inOrder.filter(({ index, migEnabled }) => !split.has(index) && migEnabled !== true);
    return new Map<number, ReportedGpu>(units.length === gpuCount ? units.entries() : []);
  }
  const minors = new Map(gpuMinors.map(({ index, minor }) => [index, minor]));
  const isNumbered = inOrder.every(({ index }) => minors.has(index));
  return new Map(
    inOrder.map((gpu, at): [number, ReportedGpu] => [isNumbered ? (minors.get(gpu.index) ?? at) : at, gpu]),
  );
}

function allocationOf({ number, id, user }: SchedulerAllocation, node: string): GpuAllocation {
  const jobKey = number === null ? null : clusterJobKey(node, { kind: 'slurm', id: number });
  return { jobKey, jobId: id ?? number, user };
}

/** Marks the GPUs of a report that was just made; they are its own. */
export function markAllocations(
  { name, sample }: NodeReport,
  place: SlurmPlace | null,
  node: SchedulerNode | null,
  isDrained: boolean,
): void {
  const gpus = sample?.gpus ?? [];
  for (const gpu of gpus) {
    gpu.allocation = null;
    gpu.isDrained = isDrained;
  }
  if (place === null || node === null || node.allocations.length === 0 || gpus.length === 0) return;
  const byGres = gpusByGres(gpus, place, node.gpuCount);
  for (const allocation of node.allocations) {
    const told = allocationOf(allocation, name);
    for (const index of allocation.gpus) {
      const gpu = byGres.get(index);
      if (gpu) gpu.allocation = told;
    }
  }
}
