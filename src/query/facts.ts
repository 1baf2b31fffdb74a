import { lowerCase } from '../lib/lower-case.ts';
import { once } from '../lib/once.ts';
import { noGpuFigures } from '../protocol/absent.ts';
import { clusterJobKey } from '../protocol/job-kinds.ts';
import type {
  ReportedGpu,
  ReportedGpuProcess,
  ReportedJob,
  ReportedTopProcess,
} from '../protocol/reported-sample.ts';
import { type GpuUse, gpuUses } from '../report/gpu-use.ts';
import { freeMemoryBytes } from '../report/gpu-words.ts';
import type { NodeReport, NodeState } from '../report/node-report.ts';
import type { ClusterGpu } from '../report/rows.ts';

/** What terms are tested on: a node's report with what follows from it, worked out once somebody asks. */

export interface GpuFact<Gpu extends ReportedGpu = ReportedGpu> {
  gpu: Gpu;
  /** Of its node: old figures must not count as free. */
  state: NodeState;
  /** What is dear to know and seldom asked for. */
  about: GpuAbout<Gpu>;
}

export interface GpuAbout<Gpu extends ReportedGpu = ReportedGpu> {
  use(gpu: Gpu): GpuUse;
  hasMark(gpu: Gpu): boolean;
}

/**
 * Something that runs: a process, or a job of which no process is told. A thousand nodes have tens of thousands, so
 * what a search does not ask for is not read.
 */
export interface Thing {
  facts: NodeFacts;
  onGpu: ReportedGpuProcess | null;
  /** Null for a job. */
  process: ReportedGpuProcess | ReportedTopProcess | null;
  ownJob: ReportedJob | null;
}

export interface NodeFacts {
  node: NodeReport;
  isLive: boolean;
  gpus(): readonly GpuFact[];
  things(): readonly Thing[];
  jobs(): ReadonlyMap<string, ReportedJob>;
}

/** A line for each text that is there, in lower case: what plain words are looked for in. */
export function lowerLines(texts: readonly (string | null)[]): string {
  return texts
    .filter((text) => text !== null)
    .join('\n')
    .toLowerCase();
}

/** What is free of a GPU's memory: never by old figures. */
export const freeBytes = ({ gpu, state }: Pick<GpuFact, 'gpu' | 'state'>): number | null =>
  state === 'live' ? freeMemoryBytes(gpu) : null;

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
  const { state, marks } = node;
  const uses = once(() => gpuUses(node));
  const unseen = state === 'live' ? 'unknown' : 'out';
  const about: GpuAbout = {
    use: ({ index }) => uses().get(index) ?? unseen,
    hasMark: ({ index }) => marks.some(({ gpuIndex }) => gpuIndex === index),
  };
  return gpusOf(node).map((gpu) => ({ gpu, state, about }));
}

/** A row of the table of GPUs says already what would be dear to work out again from its node. */
const aboutRow: GpuAbout<ClusterGpu> = { use: ({ use }) => use, hasMark: ({ marks }) => marks.length > 0 };

/** A row of the table of GPUs as what terms are tested on. */
export const factOfRow = (row: ClusterGpu): GpuFact<ClusterGpu> => ({
  gpu: row,
  state: row.state,
  about: aboutRow,
});

/** Index of the GPU that it runs on; null for a job, and for what runs on none. */
export const gpuIndexOf = ({ onGpu }: Thing): number | null => onGpu?.gpuIndex ?? null;

/** The job that it is or belongs to; null where it is nobody's, or the job is not told. */
export function jobOf({ facts, process, ownJob }: Thing): ReportedJob | null {
  if (process === null) return ownJob;
  return process.job === null ? null : (facts.jobs().get(process.job) ?? null);
}

/** Who runs it: the process's user, else its job's; null where neither is told. */
export function userOf(thing: Thing): string | null {
  return thing.process?.user ?? jobOf(thing)?.user ?? null;
}

/** Ages are by the node's own clock, whatever that says. */
export function ageOf({ facts, process, ownJob }: Thing): number | null {
  const { sample, sampleAgeMs } = facts.node;
  const startTimeMs = (process ?? ownJob)?.startTimeMs ?? null;
  if (startTimeMs === null || !sample?.takenAtMs) return null;
  return Math.max(0, sample.takenAtMs - startTimeMs + (sampleAgeMs ?? 0));
}

/** Program and arguments with a blank between; null where neither is told, as for a job. */
export function commandLine({ process }: Thing): string | null {
  if (process === null) return null;
  const { command, arguments: words } = process;
  return command === null || words === null ? (command ?? words) : `${command} ${words}`;
}

/** As in `ClusterJob`. */
export function jobKeyOf(thing: Thing): string | null {
  const job = jobOf(thing);
  return job && clusterJobKey(thing.facts.node.name, job);
}

/** Whether plain words are in one of its own texts: a process's job may be a thing beside it. */
export function hasWords(thing: Thing, holds: (lowerText: string) => boolean): boolean {
  const has = (text: string | null) => text !== null && holds(lowerCase(text));
  const { process, ownJob } = thing;
  if (process !== null) return has(process.user) || has(commandLine(thing));
  return ownJob !== null && jobHasWords(ownJob, holds);
}

/** Whether plain words are in a job's texts. */
export function jobHasWords({ user, name, id }: ReportedJob, holds: (lowerText: string) => boolean): boolean {
  return [user, name, id].some((text) => text !== null && holds(lowerCase(text)));
}

function thingsOf(facts: NodeFacts): Thing[] {
  const { gpuProcesses, topProcesses, jobs } = facts.node.sample ?? {};
  return [
    ...(gpuProcesses ?? []).map((process) => ({ facts, onGpu: process, process, ownJob: null })),
    ...(topProcesses ?? []).map((process) => ({ facts, onGpu: null, process, ownJob: null })),
    ...(jobs ?? []).map((job) => ({ facts, onGpu: null, process: null, ownJob: job })),
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
    things: once(() => thingsOf(facts)),
    jobs: once(() => new Map((node.sample?.jobs ?? []).map((job) => [job.key, job]))),
  };
  known.set(node, facts);
  return facts;
}
