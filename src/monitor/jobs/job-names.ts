import { type JobKind, jobKey } from '../../protocol/job-kinds.ts';
import type { Leash } from '../leash.ts';
import { runOnLeash } from '../scheduler/run-tool.ts';
import type { System } from '../system.ts';
import {
  type JobName,
  parseContainerNames,
  parseListpids,
  parsePodFolders,
  parseSqueue,
  SQUEUE_FORMAT,
} from './name-answers.ts';

/** A job whose name or number is wanted. */
export interface NamelessJob {
  kind: JobKind;
  id: string;
  /** Whose it is, where that is known. */
  uid: number | null;
  isSluid: boolean;
}

export interface JobNames {
  /** Changes whenever something was learned. */
  readonly version: number;
  of(kind: JobKind, id: string): JobName | null;
  /** A Slurm job's number; null while it is not known. */
  numberOf(sluid: string): string | null;
  /** Asks for what is not known yet, where it is time to. `sluidOf` says which SLUID a process's groups name. */
  want(jobs: readonly NamelessJob[], sluidOf: (pid: number) => string | null): void;
}

const LIMIT_MS = 10_000;
const PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 30 * 60_000;
/** An id that was asked for so often in vain is not asked for again: hidden jobs, remains of ended ones. */
const MAX_ASKED = 3;
const MAX_IDS = 200;
const MAX_KNOWN = 5_000;

interface Source {
  program: string;
  wants(job: NamelessJob): boolean;
  args(ids: readonly string[]): string[];
  /** Takes an answer in. */
  learn(text: string, sluidOf: (pid: number) => string | null): void;
}

interface Turn {
  source: Source;
  dueMs: number;
  pauseMs: number;
  asked: Map<string, number>;
}

/**
 * Names of jobs from the tools that any user may ask: seldom, one at a time, never with more rights than the
 * monitor has. A tool that is missing or refuses is no error: the name stays null, and the pauses grow.
 */
export function createJobNames(system: System, leash: Leash): JobNames {
  const known = new Map<string, JobName>();
  const numbers = new Map<string, string>();
  let version = 0;
  let isBusy = false;

  function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
    if (map.size >= MAX_KNOWN) map.clear();
    map.set(key, value);
    version++;
  }

  const learnNames = (kind: JobKind, names: readonly JobName[]) => {
    for (const name of names) {
      const key = jobKey(kind, name.id);
      if (!known.has(key)) keep(known, key, name);
    }
  };

  const psArgs = ['ps', '--no-trunc', '--format', '{{.ID}} {{.Names}}'];
  const turns = [
    {
      program: 'scontrol',
      wants: (job: NamelessJob) => job.isSluid,
      args: () => ['listpids'],
      learn(text: string, sluidOf: (pid: number) => string | null) {
        for (const [pid, number] of parseListpids(text)) {
          const sluid = sluidOf(pid);
          if (sluid !== null && !numbers.has(sluid)) keep(numbers, sluid, number);
        }
      },
    },
    {
      program: 'squeue',
      wants: (job: NamelessJob) => job.kind === 'slurm' && !job.isSluid,
      args: (ids: readonly string[]) => ['-h', '-a', '-o', SQUEUE_FORMAT, '-j', ids.join(',')],
      learn: (text: string) => learnNames('slurm', parseSqueue(text)),
    },
    {
      program: 'docker',
      wants: (job: NamelessJob) => job.kind === 'docker',
      args: () => psArgs,
      learn: (text: string) => learnNames('docker', parseContainerNames(text)),
    },
    {
      program: 'podman',
      // It shows a user's own containers only, and would make a store for a user who has none.
      wants: (job: NamelessJob) => job.kind === 'podman' && job.uid === system.uid,
      args: () => psArgs,
      learn: (text: string) => learnNames('podman', parseContainerNames(text)),
    },
  ].map((source: Source): Turn => ({ source, dueMs: 0, pauseMs: PAUSE_MS, asked: new Map() }));
  let podsDueMs = 0;

  /** The kubelet's folder of logs is open to everybody on most nodes, unlike its socket. */
  function readPods(jobs: readonly NamelessJob[], nowMs: number): void {
    if (nowMs < podsDueMs || !jobs.some((job) => job.kind === 'kubernetes')) return;
    podsDueMs = nowMs + PAUSE_MS;
    try {
      learnNames('kubernetes', parsePodFolders(system.list('/var/log/pods')));
    } catch {
      podsDueMs = nowMs + LONGEST_PAUSE_MS;
    }
  }

  function idsFor({ source, asked }: Turn, jobs: readonly NamelessJob[]): string[] {
    return jobs
      .filter((job) => source.wants(job) && (asked.get(job.id) ?? 0) < MAX_ASKED)
      .slice(0, MAX_IDS)
      .map((job) => job.id);
  }

  async function ask(turn: Turn, ids: readonly string[], sluidOf: (pid: number) => string | null) {
    const { source } = turn;
    const program = system.findProgram(source.program);
    const before = version;
    turn.dueMs = system.monotonicMs() + turn.pauseMs;
    const answer =
      program === null ? null : await runOnLeash(system, leash, program, source.args(ids), LIMIT_MS);
    if (answer !== null) source.learn(answer.text, sluidOf);
    const isFruitful = version !== before;
    const isOrderly = answer?.ok === true || isFruitful;
    if (turn.asked.size > MAX_KNOWN) turn.asked.clear();
    if (isOrderly) for (const id of ids) turn.asked.set(id, (turn.asked.get(id) ?? 0) + 1);
    turn.pauseMs = isOrderly ? PAUSE_MS : Math.min(2 * turn.pauseMs, LONGEST_PAUSE_MS);
  }

  return {
    get version() {
      return version;
    },
    of: (kind, id) => known.get(jobKey(kind, id)) ?? null,
    numberOf: (sluid) => numbers.get(sluid) ?? null,
    want(jobs, sluidOf) {
      const nowMs = system.monotonicMs();
      readPods(jobs, nowMs);
      if (isBusy) return;
      for (const turn of turns) {
        if (nowMs < turn.dueMs) continue;
        const ids = idsFor(turn, jobs);
        if (ids.length === 0) continue;
        isBusy = true;
        ask(turn, ids, sluidOf)
          .catch(() => undefined)
          .finally(() => {
            isBusy = false;
          });
        return;
      }
    },
  };
}
