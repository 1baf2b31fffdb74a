import type { GpuUse } from './gpu-use.ts';
import type { PastEvent } from './history.ts';
import type { NodeState } from './node-report.ts';
import type { ClusterGpu, ClusterJob } from './rows.ts';

/** What is another at one moment than at an earlier one. */
export interface Changes {
  fromMs: number;
  toMs: number;
  nodes: { node: string; before: NodeState | null; after: NodeState | null }[];
  gpus: { node: string; index: number; before: GpuUse | null; after: GpuUse | null; users: string[] }[];
  begun: ClusterJob[];
  ended: ClusterJob[];
  /** What happened between them, oldest first. */
  events: PastEvent[];
}

/** The table at one moment, as far as it is compared. */
export interface Then {
  nodes: readonly { name: string; state: NodeState }[];
  gpus: readonly ClusterGpu[];
  jobs: readonly ClusterJob[];
}

/** Pure; events come from elsewhere. */
export function changesBetween(before: Then, after: Then): Omit<Changes, 'fromMs' | 'toMs' | 'events'> {
  const placeOf = ({ node, index }: ClusterGpu) => `${node} ${index}`;
  const keysOf = (jobs: readonly ClusterJob[]) => new Set(jobs.map(({ key, user }) => `${key} ${user}`));
  const missingIn = (jobs: readonly ClusterJob[], known: ReadonlySet<string>) =>
    jobs.filter(({ key, user }) => !known.has(`${key} ${user}`));
  return {
    nodes: pairs(before.nodes, after.nodes, ({ name }) => name)
      .map(([was, is]) => ({
        node: (is ?? was)?.name ?? '',
        before: was?.state ?? null,
        after: is?.state ?? null,
      }))
      .filter((node) => node.before !== node.after),
    gpus: pairs(before.gpus, after.gpus, placeOf)
      .map(([was, is]) => ({
        node: (is ?? was)?.node ?? '',
        index: (is ?? was)?.index ?? 0,
        before: was?.use ?? null,
        after: is?.use ?? null,
        users: (is ?? was)?.users ?? [],
      }))
      .filter((gpu) => gpu.before !== gpu.after),
    begun: missingIn(after.jobs, keysOf(before.jobs)),
    ended: missingIn(before.jobs, keysOf(after.jobs)),
  };
}

/** Each with the one of the same name; in the order of the later ones, then those that are gone. */
function pairs<One>(
  before: readonly One[],
  after: readonly One[],
  nameOf: (one: One) => string,
): [One | undefined, One | undefined][] {
  const known = new Map(before.map((one) => [nameOf(one), one]));
  const names = new Set(after.map(nameOf));
  const together = after.map((one): [One | undefined, One | undefined] => [known.get(nameOf(one)), one]);
  const gone = before.filter((one) => !names.has(nameOf(one)));
  return [...together, ...gone.map((one): [One, undefined] => [one, undefined])];
}
