import { MAX_EVENTS, MAX_JOBS, MAX_PROCESS_FACTS } from './constants.ts';
import type { NodeEvent, NodeWarning } from './events.ts';
import type { GpuFacts } from './gpu-facts.ts';
import type { Facts, GpuHolder, ProcessFacts } from './hello.ts';
import type { JobFacts } from './jobs.ts';
import type { SlurmPlace } from './scheduler.ts';

/** What was said once, kept up to date by `facts` messages. Bounded by what the schema lets through. */
export interface KnownFacts {
  gpus: GpuFacts[] | null;
  processes: Map<number, ProcessFacts>;
  jobs: Map<string, JobFacts>;
  gpuHolders: GpuHolder[];
  /** Newest last. */
  events: NodeEvent[];
  warnings: NodeWarning[];
  /** Null where the node belongs to no cluster of Slurm. */
  slurm: SlurmPlace | null;
}

/** What is known of a node that has said nothing but `hello`. `gpus` is null while they are not known. */
export function createKnownFacts(gpus: GpuFacts[] | null = null): KnownFacts {
  return {
    gpus,
    processes: new Map(),
    jobs: new Map(),
    gpuHolders: [],
    events: [],
    warnings: [],
    slurm: null,
  };
}

const MAX_KNOWN_PROCESSES = 2 * MAX_PROCESS_FACTS;
const MAX_KNOWN_JOBS = 2 * MAX_JOBS;

/** A missing property of the same name counts as absent. */
type Changes = { [Key in keyof Omit<Facts, 'type'>]?: Facts[Key] | undefined };

/** Takes a `facts` message into what is known. */
export function applyFacts(known: KnownFacts, facts: Changes): void {
  if (facts.gpus !== undefined) known.gpus = facts.gpus;
  if (facts.gpuHolders !== undefined) known.gpuHolders = facts.gpuHolders;
  if (facts.warnings !== undefined) known.warnings = facts.warnings;
  if (facts.slurm !== undefined) known.slurm = facts.slurm;
  for (const pid of facts.gone ?? []) known.processes.delete(pid);
  for (const row of facts.processes ?? []) setBounded(known.processes, row.pid, row, MAX_KNOWN_PROCESSES);
  for (const key of facts.goneJobs ?? []) known.jobs.delete(key);
  for (const row of facts.jobs ?? []) setBounded(known.jobs, row.key, row, MAX_KNOWN_JOBS);
  if (facts.events !== undefined) known.events = [...known.events, ...facts.events].slice(-MAX_EVENTS);
}

function setBounded<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, max: number): void {
  if (map.size < max || map.has(key)) map.set(key, value);
}
