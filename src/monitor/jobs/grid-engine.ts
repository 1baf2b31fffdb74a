import type { System } from '../system.ts';
import { identify, type JobIdentity } from './job-identity.ts';

/**
 * Jobs of Grid Engine and its descendants, which use no control groups as a rule: each process of a job has a
 * supplementary group of the job's own, and the execution daemon notes that in a folder that everybody may read,
 * `EXECD_SPOOL/HOST/active_jobs/JOB.TASK/addgrpid`, with the job's name beside it in `config`.
 */
export interface GridEngine {
  /** Null where the process has none of the jobs' groups, or no daemon runs here. */
  find(pid: number): JobIdentity | null;
}

const READ_EVERY_MS = 5_000;
const MAX_JOBS = 1_000;
const MAX_TASKS = 256;
const MAX_FILE_LENGTH = 64 * 1024;
/** Debian's, and what the manuals propose. */
const USUAL_SPOOLS = ['/var/spool/gridengine/execd', '/var/spool/sge', '/var/spool/uge', '/var/spool/ocs'];

/** `Groups:` of `/proc/PID/status`: the supplementary groups. */
export function parseGroups(status: string): number[] {
  const words = /^Groups:[ \t]*([\d \t]*)$/m.exec(status)?.[1]?.trim() ?? '';
  return words === '' ? [] : words.split(/\s+/).map(Number);
}

/** The real user, whom no user can pretend to be. */
const isOfRoot = (status: string) => /^Uid:\s+0\s/m.test(status);

/** The `KEY=VALUE` lines of a job's `config`; of a key that stands twice the first. */
export function parseJobConfig(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.slice(0, MAX_FILE_LENGTH).split('\n')) {
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined && !values.has(key)) values.set(key, value);
  }
  return values;
}

/** `execd_spool_dir` of a host's configuration, where that is kept in files. */
export function parseSpoolFolder(text: string): string | null {
  return /^execd_spool_dir\s+(\/\S+)\s*$/m.exec(text)?.[1] ?? null;
}

/** `/opt/sge/bin/lx-amd64/sge_execd` → `/opt/sge`. */
const rootOfProgram = (path: string) => /^(\/.+)\/bin\/(?:[^/]+\/)?sge_execd$/.exec(path)?.[1] ?? null;

const shortName = (host: string) => host.split('.', 1)[0] ?? '';

/** `daemons`: pids of processes that are called sge_execd. */
export function createGridEngine(system: System, daemons: () => Iterable<number>): GridEngine {
  let jobs = new Map<number, JobIdentity>();
  let readAtMs = Number.NEGATIVE_INFINITY;

  function list(path: string): string[] {
    try {
      return system.list(path);
    } catch {
      return [];
    }
  }

  /** The environment and the working folder can be read by root and the daemon's own user only. */
  function* foldersOf(pid: number, host: string): Iterable<string> {
    const folder = system.readLink(`/proc/${pid}/cwd`);
    if (folder !== null) yield folder;
    const environment = new Map<string, string>();
    for (const line of (system.tryReadText(`/proc/${pid}/environ`) ?? '').split('\0')) {
      const [, key, value] = /^(SGE_ROOT|SGE_CELL)=(.+)$/s.exec(line) ?? [];
      if (key !== undefined && value !== undefined) environment.set(key, value);
    }
    const program = (system.tryReadText(`/proc/${pid}/cmdline`) ?? '').split('\0', 1)[0] ?? '';
    const root = environment.get('SGE_ROOT') ?? rootOfProgram(program);
    if (root) yield* foldersBelow(`${root}/${environment.get('SGE_CELL') ?? 'default'}`, host);
    // Debian's programs lie apart from what is shared.
    if (root !== '/var/lib/gridengine') yield* foldersBelow('/var/lib/gridengine/default', host);
    for (const spool of USUAL_SPOOLS) yield* hostsIn(spool, host);
  }

  function* foldersBelow(cell: string, host: string): Iterable<string> {
    const files = [`local_conf/${host}`, `local_conf/${shortName(host)}`, 'configuration'];
    for (const file of files) {
      const spool = parseSpoolFolder(system.tryReadText(`${cell}/common/${file}`) ?? '');
      if (spool !== null) yield* hostsIn(spool, host);
    }
    yield* hostsIn(`${cell}/spool`, host);
  }

  /** A shared spool has the folders of all hosts, whose groups mean other jobs. */
  const hostsIn = (spool: string, host: string) =>
    list(spool)
      .filter((name) => shortName(name) === shortName(host))
      .map((name) => `${spool}/${name}`);

  function readGroup(folder: string): number | null {
    const text = system.tryReadText(`${folder}/addgrpid`)?.trim() ?? '';
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null;
  }

  function readJob(active: string, name: string, found: Map<number, JobIdentity>): void {
    const number = /^(\d{1,10})\.\d{1,10}$/.exec(name)?.[1];
    if (number === undefined) return;
    const folder = `${active}/${name}`;
    const config = parseJobConfig(system.tryReadText(`${folder}/config`) ?? '');
    // 0 for a job that is no array, whose folder ends in .1 all the same.
    const task = /^[1-9]\d{0,9}$/.exec(config.get('ja_task_id') ?? '')?.[0];
    const id = task === undefined ? number : `${number}.${task}`;
    const identity = identify('sge', id, { name: config.get('job_name') ?? null });
    // Tasks that a parallel job starts on this host have groups of their own: `JOB.TASK/1.HOST`.
    const tasks = list(folder).filter((entry) => /^\d{1,10}\.[\w.-]+$/.test(entry));
    for (const place of [folder, ...tasks.slice(0, MAX_TASKS).map((entry) => `${folder}/${entry}`)]) {
      const group = readGroup(place);
      if (group !== null) found.set(group, identity);
    }
  }

  function read(): Map<number, JobIdentity> {
    const found = new Map<number, JobIdentity>();
    const host = (system.tryReadText('/proc/sys/kernel/hostname') ?? '').trim();
    for (const pid of daemons()) {
      if (!isOfRoot(system.tryReadText(`/proc/${pid}/status`) ?? '')) continue;
      for (const folder of new Set(foldersOf(pid, host)))
        for (const name of list(`${folder}/active_jobs`).slice(0, MAX_JOBS))
          readJob(`${folder}/active_jobs`, name, found);
    }
    return found;
  }

  return {
    find(pid) {
      const nowMs = system.monotonicMs();
      if (nowMs - readAtMs >= READ_EVERY_MS) {
        readAtMs = nowMs;
        jobs = read();
      }
      if (jobs.size === 0) return null;
      for (const group of parseGroups(system.tryReadText(`/proc/${pid}/status`) ?? '')) {
        const job = jobs.get(group);
        if (job !== undefined) return job;
      }
      return null;
    },
  };
}
