import { createRandom } from '../../src/lib/random.ts';
import type { JobKind } from '../../src/protocol/job-kinds.ts';
import { type GpuMoment, type JobMoment, type NodeMoment, SAMPLE_MS } from './ledger-world.ts';

/** A made-up past of a few nodes, sample by sample, that is the same for the same seed. */

export interface TraceJob {
  /** Of one run: a key that is used anew is another one's. */
  run: number;
  kind: JobKind;
  id: string;
  user: string;
  nodes: readonly string[];
  /** In the samples from this one on, and no more from that one on. */
  from: number;
  to: number;
  /** How long before its first sample it began. */
  earlierMs: number;
  /** When it began, by each node's clock as it was when the job was seen first; that clock may be set later. */
  nodeStartsMs: ReadonlyMap<string, number>;
  /** Indexes of the GPUs that it has on each node, with a process on them from that sample on. */
  gpus: readonly { index: number; touchedFrom: number; to: number }[];
  cpuPercent: number;
}

export interface Trace {
  nodes: readonly string[];
  ticks: number;
  jobs: readonly TraceJob[];
  /** Samples that came. */
  isUp(node: string, tick: number): boolean;
  gpus(node: string, tick: number): GpuMoment[];
  /** By index. */
  holds(node: string, tick: number): ReadonlyMap<number, readonly HoldMoment[]>;
  /** Before this sample the head was started anew. */
  restarts: ReadonlySet<number>;
  /** What the clocks are ahead of time by. */
  headAheadMs(tick: number): number;
  nodeAheadMs(tick: number): number;
}

export interface TraceOptions {
  seed: number;
  ticks?: number;
  restarts?: number;
  clockSteps?: boolean;
}

const users = ['ann', 'bob', 'eve'] as const;
const models = ['H100', 'A100'] as const;
const GPUS = 3;
/** Half an hour before midnight. */
const EPOCH_MS = Date.UTC(2026, 10, 30, 23, 30);
const MONO_MS = 5_000_000;

export function makeTrace({ seed, ticks = 260, restarts = 0, clockSteps = false }: TraceOptions): Trace {
  const random = createRandom(seed);
  const below = (end: number) => Math.floor(random() * end);
  const pick = <Value>(values: readonly [Value, ...Value[]]): Value =>
    values[below(values.length)] ?? values[0];
  const nodes = ['n1', 'n2'];

  /** Stretches of the same kind, as they are in life. */
  function stretches<Value>(make: () => Value, shortest: number, longest: number): Value[] {
    const values: Value[] = [];
    while (values.length < ticks) {
      const value = make();
      for (let left = shortest + below(longest - shortest); left > 0; left--) values.push(value);
    }
    return values;
  }

  const up = new Map(nodes.map((node) => [node, stretches(() => random() < 0.85, 1, 90)]));
  const figures = new Map<string, (number | null)[]>();
  const present = new Map<string, boolean[]>();
  const uuids = new Map<string, number[]>();
  for (const node of nodes) {
    for (let index = 0; index < GPUS; index++) {
      const percent = () => (random() < 0.05 ? null : random() < 0.6 ? pick([0, 1, 4]) : pick([5, 60, 99]));
      figures.set(`${node} ${index}`, stretches(percent, 1, 110));
      present.set(
        `${node} ${index}`,
        stretches(() => index === 0 || random() < 0.9, 20, 200),
      );
      uuids.set(
        `${node} ${index}`,
        stretches(() => below(3), 40, 300),
      );
    }
  }

  const steps = stretches(() => (clockSteps ? pick([0, 0, 3_600_000, -3_600_000, 45_000]) : 0), 10, 120);
  const nodeSteps = stretches(() => (clockSteps ? pick([0, 86_400_000, -7_200_000]) : 0), 10, 120);

  function startsOf(on: readonly string[], from: number, earlierMs: number): Map<string, number> {
    return new Map(
      on.map((node) => {
        const first = up.get(node)?.findIndex((isUp, tick) => isUp && tick >= from) ?? 0;
        return [node, EPOCH_MS + from * SAMPLE_MS - earlierMs + (nodeSteps[first] ?? 0)];
      }),
    );
  }

  const jobs: TraceJob[] = [];
  const taken = new Map<string, number>();
  for (let run = 0; run < 9; run++) {
    const isSlurm = random() < 0.5;
    const on = isSlurm && random() < 0.4 ? nodes : [pick(['n1', 'n2'])];
    // A pid that was used before, by somebody else or the same.
    const id = isSlurm ? `${100 + run}` : String(pick([11, 12]));
    const name = `${on.join()} ${id}`;
    const from = (taken.get(name) ?? 0) + below(ticks / 2);
    const to = from + 1 + below(ticks);
    taken.set(name, to + 1);
    const indexes = [...Array(GPUS).keys()].filter(() => random() < 0.5);
    // What nobody named is no job without a GPU.
    if (!isSlurm && indexes.length === 0) indexes.push(0);
    const earlierMs = 1 + below(SAMPLE_MS - 2);
    jobs.push({
      run,
      kind: isSlurm ? 'slurm' : 'session',
      id,
      user: pick(users),
      nodes: on,
      from,
      to,
      earlierMs,
      nodeStartsMs: startsOf(on, from, earlierMs),
      gpus: indexes.map((index) => ({
        index,
        touchedFrom: isSlurm ? from + pick([0, 3, 80, 1_000]) : from,
        to: isSlurm || random() < 0.7 ? to : from + below(to - from),
      })),
      cpuPercent: 50 + below(400),
    });
  }

  const trace: Omit<Trace, 'holds'> = {
    nodes,
    ticks,
    jobs,
    restarts: new Set(Array.from({ length: restarts }, () => 1 + below(ticks - 1))),
    isUp: (node, tick) => up.get(node)?.[tick] ?? false,
    gpus: kept((node, tick) =>
      [...Array(GPUS).keys()].flatMap((index): GpuMoment[] => {
        const key = `${node} ${index}`;
        if (!present.get(key)?.[tick]) return [];
        const percent = figures.get(key)?.[tick] ?? null;
        return [
          {
            index,
            uuid: `GPU-${node}-${index}-${uuids.get(key)?.[tick] ?? 0}`,
            model: models[index % models.length] ?? 'H100',
            percent,
            bytes: percent === null ? null : (percent + 1) * 1024 ** 2,
            watts: percent === null ? null : 64 + percent,
          },
        ];
      }),
    ),
    headAheadMs: (tick) => steps[tick] ?? 0,
    nodeAheadMs: (tick) => nodeSteps[tick] ?? 0,
  };
  return { ...trace, holds: kept((node, tick) => holdsOf(trace, node, tick)) };
}

/** Each made once. */
function kept<Value>(make: (node: string, tick: number) => Value): (node: string, tick: number) => Value {
  const values = new Map<string, Value>();
  return (node, tick) => {
    const key = `${node} ${tick}`;
    const value = values.get(key) ?? make(node, tick);
    values.set(key, value);
    return value;
  };
}

export interface HoldMoment {
  job: TraceJob;
  uuid: string;
  isTouched: boolean;
}

/** Who has which GPU of a node at a sample, by its index. */
function holdsOf(trace: Pick<Trace, 'jobs' | 'gpus'>, node: string, tick: number): Map<number, HoldMoment[]> {
  const there = trace.jobs.filter((job) => isThere(job, node, tick));
  return new Map(
    trace.gpus(node, tick).map(({ index, uuid }) => {
      const wanting = there.flatMap((job) => {
        const own = job.gpus.find((gpu) => gpu.index === index && tick < gpu.to);
        return own ? [{ job, uuid, isTouched: tick >= own.touchedFrom }] : [];
      });
      // A scheduler gives it to one.
      const owner = wanting.find(({ job }) => job.kind === 'slurm');
      return [index, wanting.filter((hold) => hold.isTouched || hold === owner)];
    }),
  );
}

/** Whether a job has a GPU at a sample, and a process on it. */
export function holdAt(
  trace: Trace,
  job: TraceJob,
  node: string,
  index: number,
  tick: number,
): HoldMoment | null {
  return (
    trace
      .holds(node, tick)
      .get(index)
      ?.find((hold) => hold.job === job) ?? null
  );
}

/** Whether a sample has the job. One of nobody's naming is told of only while it is on a GPU. */
export function isThere(job: TraceJob, node: string, tick: number): boolean {
  return job.nodes.includes(node) && tick >= job.from && tick < job.to;
}

export const monoOf = (tick: number) => MONO_MS + tick * SAMPLE_MS;
export const epochOf = (trace: Trace, tick: number) => EPOCH_MS + tick * SAMPLE_MS + trace.headAheadMs(tick);

/** What a node says at a sample. */
export function momentOf(trace: Trace, node: string, tick: number): NodeMoment {
  const jobs = trace.jobs.filter((job) => isThere(job, node, tick));
  const holds = [...trace.holds(node, tick)];
  return {
    node,
    sequence: tick + 1,
    takenAtMs: EPOCH_MS + tick * SAMPLE_MS + trace.nodeAheadMs(tick),
    gpus: trace.gpus(node, tick),
    jobs: jobs.map((job): JobMoment => {
      const indexesOf = (isIt: (hold: HoldMoment, at: number) => boolean) =>
        holds
          .filter(([, all]) => all.some((hold, at) => hold.job === job && isIt(hold, at)))
          .map(([index]) => index);
      return {
        kind: job.kind,
        id: job.id,
        user: job.user,
        touched: indexesOf(({ isTouched }) => isTouched),
        allocated: indexesOf((hold) => isOwner(hold, holds)),
        cpuPercent: job.cpuPercent,
        residentBytes: 1024 ** 3,
        startTimeMs: job.nodeStartsMs.get(node) ?? null,
      };
    }),
  };
}

/** Whom a scheduler has given the GPU to. */
const isOwner = (hold: HoldMoment, holds: readonly (readonly [number, readonly HoldMoment[]])[]) =>
  hold.job.kind === 'slurm' &&
  holds.some(([, all]) => all.includes(hold) && all.find(({ job }) => job.kind === 'slurm') === hold);
