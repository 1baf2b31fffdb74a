import { groupBy } from '../lib/group-by.ts';
import { once } from '../lib/once.ts';
import type { RowKind } from '../lib/row-kinds.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser, GpuPlace } from '../report/rows.ts';
import {
  factOfRow,
  factsOf,
  gpuIndexOf,
  jobKeyOf,
  jobOf,
  lowerLines,
  type NodeFacts,
  userOf,
} from './facts.ts';
import { createMatcher, type RowSubject } from './match.ts';
import type { Query } from './query.ts';
import { partScene, type Scene, wholeScene } from './scene.ts';

/** Rows that a query means, in their order. `nodes` are all that the other rows were made of. */

function filterRows<Row>(
  query: Query,
  kind: RowKind,
  rows: readonly Row[],
  view: (row: Row) => RowSubject,
): Row[] {
  if (query.terms.length === 0) return [...rows];
  const isMeant = createMatcher(query, kind);
  return rows.filter((row) => isMeant(view(row)));
}

const byName = (nodes: readonly NodeReport[]) => new Map(nodes.map((node) => [node.name, node]));

/** The nodes that the query means, in their order. */
export function filterNodes(query: Query, nodes: readonly NodeReport[]): NodeReport[] {
  return filterRows(query, 'nodes', nodes, (node) => ({
    ownWords: '',
    scenes: once(() => [wholeScene(factsOf(node))]),
  }));
}

/** The GPUs that the query means, in their order. One whose node is not among `nodes` fits no term about it. */
export function filterGpus(
  query: Query,
  gpus: readonly ClusterGpu[],
  nodes: readonly NodeReport[],
): ClusterGpu[] {
  const known = byName(nodes);
  return filterRows(query, 'gpus', gpus, (row) => ({
    ownWords: '',
    scenes: once(() => {
      const node = known.get(row.node);
      return node ? [gpuScene(factsOf(node), row)] : [];
    }),
  }));
}

function gpuScene(facts: NodeFacts, row: ClusterGpu): Scene {
  const fact = factOfRow(row);
  return {
    facts,
    node: facts.node,
    isWhole: false,
    gpus: () => [fact],
    things: once(() => facts.things().filter((thing) => gpuIndexOf(thing) === row.index)),
  };
}

/** The share of each node, of what somebody holds there. */
function scenesOf(
  names: readonly string[],
  held: readonly GpuPlace[],
  known: ReadonlyMap<string, NodeReport>,
  isMeant: Parameters<typeof partScene>[2],
): Scene[] {
  const byNode = groupBy(held, ({ node }) => node);
  return names.flatMap((name) => {
    const node = known.get(name);
    if (!node) return [];
    const indexes = new Set((byNode.get(name) ?? []).map(({ index }) => index));
    return [partScene(factsOf(node), ({ gpu }) => indexes.has(gpu.index), isMeant)];
  });
}

/** A node that does not know the user has a share all the same. */
const isShareOf = (job: ClusterJob, user: string | null) => user === null || user === job.user;

/** The jobs that the query means, in their order; terms of nodes and GPUs hold where the job is. */
export function filterJobs(
  query: Query,
  jobs: readonly ClusterJob[],
  nodes: readonly NodeReport[],
): ClusterJob[] {
  const known = byName(nodes);
  return filterRows(query, 'jobs', jobs, (job) => ({
    job,
    ownWords: lowerLines([job.id, job.name, job.user]),
    scenes: once(() =>
      scenesOf(
        job.nodes,
        job.gpus,
        known,
        (thing) => isShareOf(job, jobOf(thing)?.user ?? null) && jobKeyOf(thing) === job.key,
      ),
    ),
  }));
}

/** The users whom the query means, in their order; terms of nodes and GPUs hold where they have something. */
export function filterUsers(
  query: Query,
  users: readonly ClusterUser[],
  nodes: readonly NodeReport[],
): ClusterUser[] {
  const known = byName(nodes);
  return filterRows(query, 'users', users, (user) => ({
    user,
    ownWords: lowerLines([user.user]),
    scenes: once(() => scenesOf(user.nodes, user.gpus, known, (thing) => userOf(thing) === user.user)),
  }));
}
