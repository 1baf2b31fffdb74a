import { once } from '../lib/once.ts';
import { noGpuFigures } from '../protocol/absent.ts';
import { type GpuUse, gpuUses } from '../protocol/gpu-use.ts';
import { clusterJobKey } from '../protocol/job-kinds.ts';
import type { NodeReport, NodeState, ReportedGpu, ReportedJob } from '../protocol/node.ts';

/** What terms are tested on: a node's report with what follows from it, worked out once somebody asks. */

export interface GpuFact {
  gpu: ReportedGpu;
  use: GpuUse;
  /** Of its node: old figures must not count as free. */
  state: NodeState;
  hasMark: boolean;
}

/** Something that runs: a process, or a job of which no process is told. */
export interface Thing {
  gpuIndex: number | null;
  user: string | null;
  command: string | null;
  arguments: string | null;
  job: ReportedJob | null;
  /** As in `ClusterJob`. */
  jobKey: string | null;
  ageMs: number | null;
  /** All that plain words may match, in lower case. */
  words(): string;
}

export interface NodeFacts {
  node: NodeReport;
  isLive: boolean;
  gpus(): readonly GpuFact[];
  things(): readonly Thing[];
}

export function lowerLines(texts: readonly (string | null)[]): string {
  return texts
    .filter((text) => text !== null)
    .join('\n')
    .toLowerCase();
}

/** What is free of a GPU's memory: never by old figures. */
export function freeBytes({ gpu, state }: Pick<GpuFact, 'gpu' | 'state'>): number | null {
  if (state !== 'live' || gpu.health !== 'ok') return null;
  const { memoryFreeBytes, memoryTotalBytes: total, memoryUsedBytes: used } = gpu;
  return memoryFreeBytes ?? (total === null || used === null ? null : Math.max(0, total - used));
}

/** What is available of a node's own memory: never by old figures. */
export function availableBytes({ state, sample }: NodeReport): number | null {
  return state === 'live' ? (sample?.memory?.availableBytes ?? null) : null;
}

/** Before the first sample a node's GPUs are known by their facts alone. */
function gpusOf({ sample, hello }: NodeReport): readonly ReportedGpu[] {
  if (sample?.gpus) return sample.gpus;
  return (hello?.gpus ?? []).map((facts) => ({ ...facts, ...noGpuFigures, health: 'ok', error: null }));
}

function gpuFacts(node: NodeReport): GpuFact[] {
  const uses = gpuUses(node);
  const unseen = node.state === 'live' ? 'unknown' : 'out';
  const marked = new Set(node.marks.map(({ gpuIndex }) => gpuIndex));
  return gpusOf(node).map((gpu) => ({
    gpu,
    use: uses.get(gpu.index) ?? unseen,
    state: node.state,
    hasMark: marked.has(gpu.index),
  }));
}

/** Ages are by the node's own clock, whatever that says. */
function ageOf({ sample, sampleAgeMs }: NodeReport, startTimeMs: number | null): number | null {
  if (startTimeMs === null || !sample?.takenAtMs) return null;
  return Math.max(0, sample.takenAtMs - startTimeMs + (sampleAgeMs ?? 0));
}

type Runs = Pick<Thing, 'gpuIndex' | 'user' | 'command' | 'arguments'> & { startTimeMs: number | null };

function thing(node: NodeReport, runs: Runs, job: ReportedJob | null): Thing {
  const { gpuIndex, command, arguments: words } = runs;
  const user = runs.user ?? job?.user ?? null;
  return {
    gpuIndex,
    user,
    command,
    arguments: words,
    job,
    jobKey: job && clusterJobKey(node.name, job),
    ageMs: ageOf(node, runs.startTimeMs),
    words: once(() => lowerLines([user, commandLine(command, words), job?.id ?? null, job?.name ?? null])),
  };
}

export function commandLine(command: string | null, words: string | null): string | null {
  return command === null || words === null ? (command ?? words) : `${command} ${words}`;
}

function thingsOf(node: NodeReport): Thing[] {
  const { sample } = node;
  if (!sample) return [];
  const jobs = new Map((sample.jobs ?? []).map((job) => [job.key, job]));
  const jobOf = (key: string | null) => (key === null ? null : (jobs.get(key) ?? null));
  return [
    ...(sample.gpuProcesses ?? []).map((process) => thing(node, process, jobOf(process.job))),
    ...(sample.topProcesses ?? []).map((process) =>
      thing(node, { ...process, gpuIndex: null }, jobOf(process.job)),
    ),
    ...(sample.jobs ?? []).map((job) =>
      thing(
        node,
        { gpuIndex: null, user: job.user, command: null, arguments: null, startTimeMs: job.startTimeMs },
        job,
      ),
    ),
  ];
}

const known = new WeakMap<NodeReport, NodeFacts>();

/** Reports do not change, so what follows from one is kept as long as it lives. */
export function factsOf(node: NodeReport): NodeFacts {
  const found = known.get(node);
  if (found) return found;
  const facts: NodeFacts = {
    node,
    isLive: node.state === 'live',
    gpus: once(() => gpuFacts(node)),
    things: once(() => thingsOf(node)),
  };
  known.set(node, facts);
  return facts;
}
