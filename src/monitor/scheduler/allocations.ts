import { MAX_GPUS } from '../../protocol/constants.ts';
import type { SchedulerNode } from '../../protocol/scheduler.ts';
import type { SlurmJob } from './scontrol-jobs.ts';
import type { SlurmNode } from './scontrol-nodes.ts';

/** Puts together what Slurm says of nodes and of jobs. */

/** As many as the head takes. */
const MAX_ALLOCATIONS = MAX_GPUS;

type Claim = Pick<SlurmJob, 'number' | 'id' | 'user'>;

/** Which jobs say that they have which GPU of which node. Bounded by the jobs that Slurm has. */
export interface Claims {
  add(job: SlurmJob): void;
  /** Null where no job says so, or two. */
  of(node: string, gpu: number): Claim | null;
  gpusOf(node: string): number[];
}

/** Without any job; two jobs that claim the same GPU leave it to nobody. */
export function createClaims(): Claims {
  const byNode = new Map<string, Map<number, Claim | null>>();
  return {
    add({ number, id, user, places }) {
      const claim = { number, id, user };
      for (const { node, gpus } of places) {
        const here = byNode.get(node) ?? new Map<number, Claim | null>();
        byNode.set(node, here);
        for (const gpu of gpus) here.set(gpu, here.has(gpu) ? null : claim);
      }
    },
    of: (node, gpu) => byNode.get(node)?.get(gpu) ?? null,
    gpusOf: (node) => [...(byNode.get(node)?.keys() ?? [])].sort((a, b) => a - b),
  };
}

/**
 * Which GPUs are taken a node's own line says, which holds no user's words; the jobs only say whose they are. An older
 * Slurm tells of the jobs alone.
 */
export function withAllocations(node: SlurmNode, claims: Claims): SchedulerNode {
  const byJob = new Map<string, SchedulerNode['allocations'][number]>();
  for (const gpu of (node.usedGpus ?? claims.gpusOf(node.name)).slice(0, MAX_GPUS)) {
    const claim = claims.of(node.name, gpu);
    const key = claim?.number ?? '';
    const known = byJob.get(key);
    if (known) known.gpus.push(gpu);
    else if (byJob.size < MAX_ALLOCATIONS)
      byJob.set(key, {
        gpus: [gpu],
        number: claim?.number ?? null,
        id: claim?.id ?? null,
        user: claim?.user ?? null,
      });
  }
  const { usedGpus: _usedGpus, ...rest } = node;
  return { ...rest, allocations: [...byJob.values()] };
}
