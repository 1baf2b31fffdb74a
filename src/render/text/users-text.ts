import { DASH, formatBytes, formatCoresOf, formatOpenPercent } from '../../lib/format.ts';
import type { ClusterUser } from '../../report/rows.ts';
import { alignColumns, headings, type TextCell } from './align-columns.ts';
import { nodesCell } from './nodes-cell.ts';
import { plainStyle } from './text-style.ts';
import { countText, holdingsText } from './totals-text.ts';

export type { ClusterUser };

const HEADINGS = ['USER', 'GPUS', 'IDLE', 'GPU MEM', 'GPU', 'CORES', 'RAM', 'JOBS', 'NODES'];

function row(user: ClusterUser): TextCell[] {
  return [
    user.user,
    user.gpuCount === 0 ? DASH : String(user.gpuCount),
    {
      text: user.gpuCount === 0 ? DASH : String(user.heldIdleCount),
      tone: user.heldIdleCount > 0 ? 'warning' : null,
    },
    formatBytes(user.gpuMemoryBytes),
    formatOpenPercent(user.gpuUtilizationPercent),
    formatCoresOf(user.cpuPercent, user.coreCount),
    formatBytes(user.residentBytes),
    String(user.jobs.length),
    nodesCell(user),
  ];
}

/** A line for each user under a line of headings, and one for all; ends with a newline. */
export function renderUsersText(users: readonly ClusterUser[], style = plainStyle): string {
  if (users.length === 0) return 'No users.\n';
  const totals = `${countText(users.length, 'user')} ${holdingsText(users)}`;
  return `${[...alignColumns([headings(HEADINGS), ...users.map(row)], '', style), totals].join('\n')}\n`;
}
