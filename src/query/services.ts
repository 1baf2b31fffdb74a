import type { ClusterJob } from '../report/rows.ts';
import type { Query } from './query.ts';

/** Every node has dozens of services that nobody calls a job. */

/** A user's own service that takes half a core is work, as `users.ts` has it. */
const WORKING_CPU_PERCENT = 50;

/** A unit of the machine, or one of a user that does next to nothing. What holds a GPU is never one of them. */
export function isService({ kind, id, gpus, cpuPercent }: ClusterJob): boolean {
  if (kind !== 'systemd' || !id.endsWith('.service') || gpus.length > 0) return false;
  const isOfUser = /^\d+\//.test(id);
  return !isOfUser || (cpuPercent ?? 0) < WORKING_CPU_PERCENT;
}

/** Whether a search is for jobs by what they are: then services are meant too. */
export function asksForServices({ terms }: Query): boolean {
  const fields: readonly (string | null)[] = ['kind', 'job', 'command', null];
  return terms.some(({ field, isNegated }) => !isNegated && fields.includes(field));
}
