import { unescapeUnit } from './cgroup-path.ts';
import { identify, type JobIdentity } from './job-identity.ts';

/**
 * Jobs of batch schedulers in a path's segments. Ids are without the server's name, as people type them;
 * an element of an array is `ID[INDEX]`, where the scheduler itself says so.
 */
export function findSchedulerJob(segments: readonly string[]): JobIdentity | null {
  return (
    findSlurmJob(segments) ??
    findPbsJob(segments) ??
    findTorqueJob(segments) ??
    findLsfJob(segments) ??
    findCondorSlot(segments) ??
    findOarJob(segments)
  );
}

const isSlurmRoot = (segment: string) => segment === 'slurm' || segment.startsWith('slurm_');
/** With several slurmd on a host the node's name stands in front. */
const isStepdScope = (segment: string) =>
  segment === 'slurmstepd.scope' || segment.endsWith('_slurmstepd.scope');

/**
 * v1: `/slurm[_NODE]/uid_U/job_J/step_S/task_T`. v2: `/system.slice/[NODE_]slurmstepd.scope/job_J/…`, since 26.05
 * `…/SLUID/…` unless cgroup.conf says CgroupJobIdPaths=yes. `slurmstepd.scope/system` is no job.
 */
function findSlurmJob(segments: readonly string[]): JobIdentity | null {
  for (const [at, segment] of segments.entries()) {
    if (isStepdScope(segment)) return slurmJob(segments[at + 1], null);
    if (!isSlurmRoot(segment)) continue;
    const uid = /^uid_(\d{1,10})$/.exec(segments[at + 1] ?? '')?.[1];
    const found = slurmJob(
      segments[at + (uid === undefined ? 1 : 2)],
      uid === undefined ? null : Number(uid),
    );
    if (found !== null) return found;
  }
  return null;
}

function slurmJob(segment: string | undefined, uid: number | null): JobIdentity | null {
  const number = /^job_(\d{1,20})$/.exec(segment ?? '')?.[1];
  if (number !== undefined) return identify('slurm', number, { uid });
  const sluid = /^(?:job_)?(s[0-9A-Z]{10,20})$/.exec(segment ?? '')?.[1];
  return sluid === undefined ? null : identify('slurm', sluid, { uid, isSluid: true });
}

/** `4711.server`, `4711[3].server`; Torque once wrote an array's element as `4711-3.server`. */
const BATCH_ID = /^(\d{1,12}(?:\[\d*\]|-\d+)?)(?:\..*)?$/;

const batchId = (segment: string | undefined) => BATCH_ID.exec(segment ?? '')?.[1] ?? null;

/**
 * PBS Pro and OpenPBS by their cgroups hook, whose prefix a site may choose: `/PREFIX.service/jobid/ID` (v1),
 * `/PREFIX.service/jobs/ID` (v2), older `/PREFIX/ID` and `/PREFIX.slice/PREFIX-ID.slice` (pbspro, pbs_jobs, pbs).
 */
function findPbsJob(segments: readonly string[]): JobIdentity | null {
  for (const [at, segment] of segments.entries()) {
    const next = segments[at + 1];
    const isFolder = next === 'jobid' || next === 'jobs';
    const id =
      segment.endsWith('.service') && isFolder
        ? batchId(segments[at + 2])
        : segment === 'pbspro' || segment === 'pbs_jobs' || segment === 'pbs'
          ? batchId(isFolder ? segments[at + 2] : next)
          : batchId(/^pbs\w*-(.+)\.slice$/.exec(unescapeUnit(segment))?.[1]);
    if (id !== null) return identify('pbs', id);
  }
  return null;
}

/** `/torque/ID.server[/R0.t0]`: some controllers only, often the cpuset alone. */
function findTorqueJob(segments: readonly string[]): JobIdentity | null {
  const at = segments.indexOf('torque');
  const id = at < 0 ? null : batchId(segments[at + 1]);
  return id === null ? null : identify('torque', id);
}

/** `/lsf/CLUSTER/job.ID.PID.TIME`; an array's element has its index in brackets or before the pid. */
function findLsfJob(segments: readonly string[]): JobIdentity | null {
  const at = segments.indexOf('lsf');
  if (at < 0) return null;
  for (const segment of segments.slice(at + 1)) {
    const found = /^job\.(\d{1,20})(?:\[(\d+)\])?((?:\.\d+)*)$/.exec(segment);
    if (!found) continue;
    const [, id = '', bracketed, rest = ''] = found;
    const numbers = rest.split('.').slice(1);
    const index = bracketed ?? (numbers.length >= 3 ? numbers[0] : undefined);
    return identify('lsf', index === undefined || index === '0' ? id : `${id}[${index}]`);
  }
  return null;
}

/**
 * HTCondor names the execute folder and the slot, not the job: `/htcondor/condor_var_lib_condor_execute_slot1_1@host`,
 * below `system.slice` or `condor.service` on v2. A slot runs one job at a time.
 */
function findCondorSlot(segments: readonly string[]): JobIdentity | null {
  for (const segment of segments) {
    const slot = /^condor_.*?_(slot\d+(?:_\d+)?(?:@[^/]+)?)$/.exec(unescapeUnit(segment))?.[1];
    if (slot !== undefined) return identify('htcondor', slot.replace(/\.(?:scope|slice|service)$/, ''));
  }
  return null;
}

/**
 * OAR: `/oar/USER_ID` in its own hierarchy (v1), `/oar.slice/oar-uUID.slice/oar-uUID-jID.slice/…` with systemd, where the
 * scopes inside are named by the user alone. A site may choose another word than oar there.
 */
function findOarJob(segments: readonly string[]): JobIdentity | null {
  for (const [at, segment] of segments.entries()) {
    const own = segment === 'oar' ? /^[^/]+_(\d{1,12})$/.exec(segments[at + 1] ?? '')?.[1] : undefined;
    if (own !== undefined) return identify('oar', own);
    const [, slice = '', uid = '', id] = /^([\w.]+-u(\d{1,10}))-j(\d{1,12})\.slice$/.exec(segment) ?? [];
    if (id !== undefined && segments[at - 1] === `${slice}.slice`)
      return identify('oar', id, { uid: Number(uid) });
  }
  return null;
}
