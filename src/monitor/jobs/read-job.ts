import type { ProcessRow } from '../collectors/process-scan/known-processes.ts';
import type { System } from '../system.ts';
import { createGridEngine } from './grid-engine.ts';
import { identify, type JobIdentity } from './job-identity.ts';
import { parseCgroup } from './parse-cgroup.ts';
import {
  findByAncestors,
  findFluxJob,
  findPodmanContainer,
  findSlurmStep,
  isBelowLogin,
  isKernelThread,
  type ProcessTree,
} from './process-ancestry.ts';
import { isOpenToUsers } from './unit-jobs.ts';

export interface JobReaderView {
  rowOf(pid: number): ProcessRow | null;
  /** As it is remembered; null makes the reader look. */
  ownerOf(pid: number): number | null;
  numberOf(sluid: string): string | null;
  /** Of the last scan. */
  pidsCalled(name: string): Iterable<number>;
}

/** What the text of `/proc/PID/cgroup` says; the same object for the same text. */
export interface Groups {
  identity: JobIdentity | null;
}

export interface JobReader {
  readOwner(pid: number): number | null;
  /** Null once the process is gone. */
  readGroups(pid: number): Groups | null;
  identify(row: ProcessRow, uid: number | null, groups: Groups | null): JobIdentity | null;
}

/** Hundreds of processes are in the same groups. */
const MAX_KEPT_TEXTS = 2_000;
const MAX_COMMAND_LINE_BYTES = 16 * 1024;
const FLUX_SHELL_UNIT = /^\d+\/(?:imp-)?shell-\d+-[^/]+\.service$/;

/**
 * Reads what one process belongs to. Environment variables are no source: users set them as they like, and what
 * they could add (a job whose scheduler uses no control groups) slurmstepd says more reliably.
 */
export function createJobReader(system: System, view: JobReaderView): JobReader {
  const parsed = new Map<string, Groups>();
  const gridEngine = createGridEngine(system, () => view.pidsCalled('sge_execd'));
  let hostname: string | null = null;

  function readGroups(pid: number): Groups | null {
    const text = system.tryReadText(`/proc/${pid}/cgroup`);
    if (text === null) return null;
    const known = parsed.get(text);
    if (known !== undefined) return known;
    if (parsed.size >= MAX_KEPT_TEXTS) parsed.clear();
    const found = { identity: parseCgroup(text) };
    parsed.set(text, found);
    return found;
  }

  /** Users may make it megabytes long, and have many processes below. */
  function readCommandLine(pid: number): string | null {
    let descriptor: number | null = null;
    try {
      descriptor = system.open(`/proc/${pid}/cmdline`);
      const { buffer, length } = system.rereadOnce(descriptor);
      return buffer.toString('utf8', 0, Math.min(length, MAX_COMMAND_LINE_BYTES));
    } catch {
      return null;
    } finally {
      if (descriptor !== null) system.close(descriptor);
    }
  }

  const readOwner = (pid: number) => system.ownerOf(`/proc/${pid}`);

  const processes: ProcessTree = {
    find(pid) {
      const row = view.rowOf(pid);
      return row && { pid, name: row.name, parentPid: row.stat.parentPid, startTicks: row.stat.startTicks };
    },
    ownerOf: (pid) => view.ownerOf(pid) ?? readOwner(pid),
    commandLineOf: readCommandLine,
  };

  function refine(found: JobIdentity, pid: number, uid: number | null): JobIdentity {
    if (found.isSluid) {
      const number = view.numberOf(found.id);
      return number === null
        ? (findSlurmStep(pid, processes) ?? found)
        : identify('slurm', number, { uid: found.uid });
    }
    // A slot's name without its host would be the same job on all nodes.
    if (found.kind === 'htcondor' && !found.id.includes('@')) {
      hostname ??= (system.tryReadText('/proc/sys/kernel/hostname') ?? '').trim();
      return identify('htcondor', `${found.id}@${hostname}`);
    }
    if (found.kind === 'systemd' && found.uid === null && isOpenToUsers(found.id)) {
      if (uid === 0 && !isBelowLogin(pid, processes)) return gridEngine.find(pid) ?? found;
      return findWithoutGroups(pid) ?? found;
    }
    // Flux' own user's systemd runs the shells of all users' jobs.
    if (found.kind === 'systemd' && FLUX_SHELL_UNIT.test(found.id))
      return findFluxJob(pid, processes) ?? found;
    if (found.kind === 'podman') return withName(found, findPodmanContainer(pid, processes));
    if (found.kind === 'tmux') return findByAncestors(pid, processes) ?? found;
    return found;
  }

  const findWithoutGroups = (pid: number) => gridEngine.find(pid) ?? findByAncestors(pid, processes);

  /** Other users' containers are named by nobody else. */
  const withName = (found: JobIdentity, kept: JobIdentity | null): JobIdentity =>
    kept?.id === found.id ? { ...found, name: kept.name } : found;

  return {
    readOwner,
    readGroups,
    identify({ pid, stat }, uid, groups) {
      if (groups === null || isKernelThread(pid, stat.parentPid)) return null;
      const found = groups.identity;
      return found === null ? findWithoutGroups(pid) : refine(found, pid, uid);
    },
  };
}
