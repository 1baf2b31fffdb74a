import { foldNames } from '../lib/fold-names.ts';
import { DASH, formatBytes, formatCoresOf, formatOpenPercent } from '../lib/format.ts';
import { visibleText } from '../lib/visible-text.ts';
import type { ClusterUser } from '../protocol/cluster.ts';
import { alignColumns } from './align-columns.ts';

export type { ClusterUser };

const HEADINGS = ['USER', 'GPUS', 'IDLE', 'GPU MEM', 'GPU', 'CORES', 'RAM', 'JOBS', 'NODES'];

function row(user: ClusterUser): string[] {
  return [
    user.user,
    user.gpuCount === 0 ? DASH : String(user.gpuCount),
    user.gpuCount === 0 ? DASH : String(user.heldIdleCount),
    formatBytes(user.gpuMemoryBytes),
    formatOpenPercent(user.gpuUtilizationPercent),
    formatCoresOf(user.cpuPercent, user.coreCount),
    formatBytes(user.residentBytes),
    String(user.jobs.length),
    foldNames(user.nodes) + (user.isCurrent ? '' : ' (old figures)'),
  ];
}

/** A line for each user under a line of headings; ends with a newline. */
export function renderUsersText(users: readonly ClusterUser[]): string {
  if (users.length === 0) return 'No users.\n';
  return `${alignColumns([HEADINGS, ...users.map((user) => row(user).map(visibleText))]).join('\n')}\n`;
}
