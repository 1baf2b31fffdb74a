import { isOfScheduler } from '../../protocol/job-kinds.ts';
import { parseCgroupPaths, segmentsOf } from './cgroup-path.ts';
import { findContainer, findLxc, findPod } from './container-jobs.ts';
import type { JobIdentity } from './job-identity.ts';
import { findSchedulerJob } from './scheduler-jobs.ts';
import { findUnit } from './unit-jobs.ts';

/**
 * What a process belongs to by the text of `/proc/PID/cgroup`; null where that says nothing. All hierarchies are
 * looked at, since a scheduler may use some controllers only. A scheduler's job goes before containers
 * (which run inside it), a pod before its containers, any of them before units of systemd.
 */
export function parseCgroup(text: string): JobIdentity | null {
  let best: JobIdentity | null = null;
  for (const path of parseCgroupPaths(text)) {
    const found = parsePath(path);
    if (found !== null && (best === null || rankOf(found) > rankOf(best))) best = found;
  }
  return best;
}

function rankOf({ kind, isSluid }: JobIdentity): number {
  if (isOfScheduler(kind)) return isSluid ? 5 : 6;
  if (kind === 'kubernetes') return 4;
  if (kind === 'lxc') return 2;
  return kind === 'systemd' || kind === 'tmux' ? 1 : 3;
}

function parsePath(path: string): JobIdentity | null {
  const segments = segmentsOf(path);
  const userAt = segments.findIndex((segment) => /^user@\d+\.service$/.test(segment));
  // A user may make groups of any name below their own manager: there no name of a scheduler is believed.
  const trusted = userAt < 0 ? segments : segments.slice(0, userAt);
  const own = userAt < 0 ? [] : segments.slice(userAt + 1);
  const found =
    findSchedulerJob(trusted) ??
    findPod(trusted) ??
    findContainer(trusted) ??
    findContainer(own) ??
    findLxc(trusted);
  if (found === null) return findUnit(segments);
  const isOfRoot = found.kind === 'podman' && userAt < 0;
  return { ...found, uid: found.uid ?? ownerOf(segments) ?? (isOfRoot ? 0 : null) };
}

/**
 * `/user.slice/user-1000.slice/…`: whose login it is, or whose containers without root. A slice further down is of a
 * container's own systemd, which has users of its own.
 */
function ownerOf(segments: readonly string[]): number | null {
  const path = segments.slice(0, 2).join('/');
  const uid = /(?:^|\/)user-(\d{1,10})\.slice$/.exec(path)?.[1];
  return uid === undefined ? null : Number(uid);
}
