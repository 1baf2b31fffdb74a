import { DASH, formatBytesOf } from '../lib/format.ts';
import type { ReportedSample } from '../protocol/reported-sample.ts';
import { countGpus } from '../report/gpu-use.ts';
import type { NodeReport } from '../report/node-report.ts';
import { type Bar, bar } from './view-parts.ts';

/** What a line says of a node. */
export interface NodeBrief {
  /** `3/8`; `none` on a node without GPUs, a dash where nobody knows. */
  gpusFree: string;
  /** Who has something on its GPUs. */
  users: string;
  cpu: Bar;
  ram: Bar;
  /** `12.0 of 256.0 GiB`. */
  ramUse: string;
  /** The cause of a failure, or how much else is to be looked at; null where all is well. */
  trouble: string | null;
}

const MOST_USERS = 4;

function usersOf(sample: ReportedSample | null): string {
  const users = [...new Set((sample?.gpuProcesses ?? []).flatMap(({ user }) => user ?? []))].sort();
  const more = users.length - MOST_USERS;
  return users.slice(0, MOST_USERS).join(', ') + (more > 0 ? ` +${more}` : '');
}

function freeOf(node: NodeReport): string {
  const { total, free } = countGpus(node);
  if (total > 0) return node.state === 'live' && node.sample?.gpus ? `${free}/${total}` : `${DASH}/${total}`;
  return node.sample?.gpus || node.hello?.gpus ? 'none' : DASH;
}

function troubleOf({ cause, state, sample, warnings, marks }: NodeReport): string | null {
  if (cause !== null) return cause;
  const failed = Object.values(sample?.collectors ?? {}).filter((report) => report?.error !== undefined);
  const sick = (sample?.gpus ?? []).filter(({ health }) => health !== 'ok');
  const count = failed.length + sick.length + warnings.length + marks.length;
  return count === 0 || state !== 'live' ? null : `${count} to look at`;
}

/** Pure. */
export function viewBrief(node: NodeReport): NodeBrief {
  const { sample } = node;
  const used = sample?.memory?.usedBytes ?? null;
  const total = sample?.memory?.totalBytes ?? null;
  const share = used === null || total === null || total <= 0 ? null : Math.min(100, (used / total) * 100);
  return {
    gpusFree: freeOf(node),
    users: usersOf(sample),
    cpu: bar(sample?.cpu?.totalPercent ?? null),
    ram: bar(share),
    ramUse: formatBytesOf(used, total),
    trouble: troubleOf(node),
  };
}
