import type { NodeReport } from '../report/node-report.ts';

/** What a node's batch scheduler says of it, as lines. */

/** `Slurm fleet: partitions gpu, long · reservation maint`; nothing where it has none. */
export function schedulerLines({ scheduler }: NodeReport): string[] {
  if (scheduler === null || scheduler.state === null) return [];
  const { cluster, partitions, reservation, state } = scheduler;
  const parts = [
    partitions.length === 0
      ? 'no partition'
      : `partition${partitions.length > 1 ? 's' : ''} ${partitions.join(', ')}`,
    reservation === null ? null : `reservation ${reservation}`,
    state.toLowerCase(),
  ];
  return [`Slurm ${cluster}: ${parts.filter((part) => part !== null).join(' · ')}`];
}

/** That it is out of service there, and why; or why that is not known. */
export function schedulerWarnings({ scheduler }: NodeReport): string[] {
  if (scheduler === null) return [];
  const { cluster, isDrained, problem, reason, state } = scheduler;
  if (problem !== null) return [`Slurm ${cluster}: ${problem}`];
  if (!isDrained || state === null) return [];
  return [
    `Slurm ${cluster} gives this node to nobody: ${state.toLowerCase()}${reason === null ? '' : `, ${reason}`}`,
  ];
}
