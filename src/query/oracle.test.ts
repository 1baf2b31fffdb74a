import fc from 'fast-check';
import { expect, it } from 'vitest';
import { listGpus, listJobs, listUsers } from '../../test/support/cluster-rows.ts';
import { randomCluster } from '../../test/support/random-cluster.ts';
import { noGpuFigures } from '../protocol/absent.ts';
import type { GpuFacts } from '../protocol/gpu-facts.ts';
import { clusterJobKey } from '../protocol/job-kinds.ts';
import type { ReportedGpu, ReportedGpuProcess } from '../protocol/reported-sample.ts';
import { gpuUses } from '../report/gpu-use.ts';
import type { NodeReport } from '../report/node-report.ts';
import { filterGpus, filterJobs, filterNodes, filterUsers } from './filter.ts';
import { parseQuery } from './parse.ts';
import type { Query } from './query.ts';

/** The rule written down a second time, as plainly as it goes, for some fields of every scope. */

const GIB = 1024 ** 3;

interface Holds {
  text: string;
  node?: (node: NodeReport) => boolean;
  gpu?: (gpu: ReportedGpu, node: NodeReport) => boolean;
  process?: (process: ReportedGpuProcess, node: NodeReport) => boolean;
  /** What else runs, without a GPU. */
  other?: (
    runs: { user: string | null; command: string | null; job: string | null },
    node: NodeReport,
  ) => boolean;
  free?: (count: number) => boolean;
}

const has = (text: string | null | undefined, part: string) => text?.toLowerCase().includes(part) ?? false;
/** Also of GPUs that a node has only named so far. */
const useOf = (gpu: ReportedGpu, node: NodeReport) =>
  gpuUses(node).get(gpu.index) ?? (node.state === 'live' ? 'unknown' : 'out');
const isUse = (use: string) => (gpu: ReportedGpu, node: NodeReport) => useOf(gpu, node) === use;
const jobOf = (node: NodeReport, key: string | null) => node.sample?.jobs?.find((job) => job.key === key);
const freeMemory = (gpu: ReportedGpu) =>
  gpu.memoryFreeBytes ??
  (gpu.memoryUsedBytes === null || gpu.memoryTotalBytes === null
    ? null
    : gpu.memoryTotalBytes - gpu.memoryUsedBytes);

const outOfService: Holds = { text: 'is:out', gpu: isUse('out') };
const known: Holds[] = [
  { text: 'state:live', node: ({ state }) => state === 'live' },
  { text: 'tag:rack1,rack2', node: ({ tags }) => tags.some((tag) => /^rack[12]$/.test(tag)) },
  { text: 'node:gpu1', node: ({ name }) => has(name, 'gpu1') },
  { text: 'gpu:h100', gpu: ({ name }) => has(name, 'h100') },
  { text: 'temp:>60', gpu: ({ temperatureCelsius: value }) => value !== null && value > 60 },
  { text: 'temp:<=40', gpu: ({ temperatureCelsius: value }) => value !== null && value <= 40 },
  {
    text: 'util:10..60',
    gpu: ({ utilizationPercent: value }) => value !== null && value >= 10 && value <= 60,
  },
  {
    text: 'mem:>40G',
    gpu: (gpu, { state }) => state === 'live' && gpu.health === 'ok' && (freeMemory(gpu) ?? 0) > 40 * GIB,
  },
  { text: 'is:free', gpu: isUse('free') },
  { text: 'is:idle', gpu: isUse('held-idle') },
  outOfService,
  { text: 'free:>=2', free: (count) => count >= 2 },
  { text: 'free:0', free: (count) => count === 0 },
  {
    text: 'user:alice,dave',
    process: ({ user, job }, node) => /^(alice|dave)$/.test(user ?? jobOf(node, job)?.user ?? ''),
    other: ({ user, job }, node) => /^(alice|dave)$/.test(user ?? jobOf(node, job)?.user ?? ''),
  },
  { text: 'command:run-1', process: (process) => has(process.arguments, 'run-1'), other: () => false },
  {
    text: 'kind:slurm,docker',
    process: ({ job }, node) => /^(slurm|docker):/.test((jobOf(node, job) && job) ?? ''),
    other: ({ job }) => /^(slurm|docker):/.test(job ?? ''),
  },
];

interface Part {
  node: NodeReport;
  isMeantGpu: (gpu: ReportedGpu) => boolean;
  isMeantProcess: (process: ReportedGpuProcess) => boolean;
  /** Which jobs and other processes count; none where a row speaks of GPUs. */
  isMeantOther: (runs: { user: string | null; job: string | null }) => boolean;
}

function othersOf(node: NodeReport) {
  return [
    ...(node.sample?.topProcesses ?? []).map(({ user, command, job }) => ({ user, command, job })),
    ...(node.sample?.jobs ?? []).map(({ user, key }) => ({ user, command: null, job: key })),
  ];
}

const withoutFigures = (facts: GpuFacts): ReportedGpu => ({
  ...facts,
  ...noGpuFigures,
  health: 'ok',
  error: null,
});

function partHolds(terms: readonly Holds[], part: Part): boolean {
  const { node } = part;
  const gpus = node.sample?.gpus ?? (node.hello?.gpus ?? []).map(withoutFigures);
  const gpuHolds = (gpu: ReportedGpu) => terms.every((term) => !term.gpu || term.gpu(gpu, node));
  const runTerms = terms.filter((term) => term.process);
  for (const term of terms) {
    if (term.node && !term.node(node)) return false;
    if (!term.free) continue;
    if (node.state !== 'live' || !node.sample?.gpus) return false;
    if (!term.free(gpus.filter((gpu) => isUse('free')(gpu, node) && gpuHolds(gpu)).length)) return false;
  }
  const runsOn = (index: number | null) =>
    runTerms.length === 0 ||
    (node.sample?.gpuProcesses ?? []).some(
      (process) =>
        part.isMeantProcess(process) &&
        (index === null || process.gpuIndex === index) &&
        runTerms.every((term) => term.process?.(process, node)),
    ) ||
    (index === null &&
      othersOf(node).some(
        (runs) => part.isMeantOther(runs) && runTerms.every((term) => term.other?.(runs, node)),
      ));
  if (!terms.some((term) => term.gpu)) return runsOn(null);
  return gpus.some((gpu) => part.isMeantGpu(gpu) && gpuHolds(gpu) && runsOn(gpu.index));
}

const all = () => true;
const wholeOf = (node: NodeReport): Part => ({
  node,
  isMeantGpu: all,
  isMeantProcess: all,
  isMeantOther: all,
});

interface Asked {
  terms: { holds: Holds; isNegated: boolean }[];
}

function rowHolds({ terms }: Asked, parts: readonly Part[]): boolean {
  const wanted = terms.filter(({ isNegated }) => !isNegated).map(({ holds }) => holds);
  const hold = (list: readonly Holds[]) => list.length === 0 || parts.some((part) => partHolds(list, part));
  return hold(wanted) && terms.every(({ holds, isNegated }) => !isNegated || !hold([holds]));
}

function parsed({ terms }: Asked): Query {
  const text = terms.map(({ holds, isNegated }) => (isNegated ? `-${holds.text}` : holds.text)).join(' ');
  const result = parseQuery(text);
  if (!result.ok) throw new Error(result.error.message);
  return result.query;
}

const asked = fc.record({
  terms: fc.array(
    fc.record({
      holds: fc.constantFrom(...known),
      isNegated: fc.integer({ max: 3, min: 0 }).map((n) => n === 0),
    }),
    { maxLength: 4 },
  ),
});
const seeds = fc.integer({ min: 0, max: 1e6 });
const clusterOf = (seed: number) => randomCluster({ seed, nodes: 8, gpusPerNode: 3, processesPerNode: 4 });
/** The very same rows; told by their names where they are not. */
function expectSame<Row>(found: readonly Row[], expected: readonly Row[]): void {
  const isSame = found.length === expected.length && found.every((row, at) => row === expected[at]);
  if (!isSame) expect(JSON.stringify(found).slice(0, 500)).toBe(JSON.stringify(expected).slice(0, 500));
}

const RUNS = { numRuns: 150 };

it('nodes are those that the plain rule keeps', () => {
  let kept = 0;
  fc.assert(
    fc.property(seeds, asked, (seed, query) => {
      const nodes = clusterOf(seed);
      const found = filterNodes(parsed(query), nodes);
      kept += found.length > 0 && found.length < nodes.length ? 1 : 0;
      expectSame(
        found,
        nodes.filter((node) => rowHolds(query, [wholeOf(node)])),
      );
    }),
    { ...RUNS, examples: [[287_617, { terms: [{ holds: outOfService, isNegated: false }] }]] },
  );
  expect(kept).toBeGreaterThan(RUNS.numRuns / 4);
});

it('GPUs are those that the plain rule keeps', () => {
  fc.assert(
    fc.property(seeds, asked, (seed, query) => {
      const nodes = clusterOf(seed);
      const gpus = listGpus(nodes);
      const expected = gpus.filter(({ node: name, index }) => {
        const parts = nodes
          .filter((node) => node.name === name)
          .map(
            (node): Part => ({
              node,
              isMeantGpu: (gpu) => gpu.index === index,
              isMeantProcess: ({ gpuIndex }) => gpuIndex === index,
              isMeantOther: () => false,
            }),
          );
        return rowHolds(query, parts);
      });
      expectSame(filterGpus(parsed(query), gpus, nodes), expected);
    }),
    RUNS,
  );
});

it('users are those that the plain rule keeps', () => {
  fc.assert(
    fc.property(seeds, asked, (seed, query) => {
      const nodes = clusterOf(seed);
      const users = listUsers(nodes, listJobs(nodes, 0));
      // A user's name is the row's own.
      fc.pre(query.terms.every(({ holds }) => !/^(user|mem|util):/.test(holds.text)));
      const expected = users.filter((row) => {
        const parts = nodes
          .filter(({ name }) => row.nodes.includes(name))
          .map(
            (node): Part => ({
              node,
              isMeantGpu: ({ index }) =>
                row.gpus.some((gpu) => gpu.node === node.name && gpu.index === index),
              isMeantProcess: ({ user, job }) => (user ?? jobOf(node, job)?.user) === row.user,
              isMeantOther: ({ user, job }) => (user ?? jobOf(node, job)?.user) === row.user,
            }),
          );
        return rowHolds(query, parts);
      });
      expectSame(filterUsers(parsed(query), users, nodes), expected);
    }),
    RUNS,
  );
});

it('jobs are those that the plain rule keeps', () => {
  fc.assert(
    fc.property(seeds, asked, (seed, query) => {
      const nodes = clusterOf(seed);
      const jobs = listJobs(nodes, 0);
      // What is the job's own is tested in filter.test.ts.
      fc.pre(query.terms.every(({ holds }) => !/^(user|mem|util|kind):/.test(holds.text)));
      const expected = jobs.filter((row) => {
        const isOwn = (node: NodeReport, key: string | null) => {
          const job = jobOf(node, key);
          return job !== undefined && clusterJobKey(node.name, job) === row.key && job.user === row.user;
        };
        const parts = nodes
          .filter(({ name }) => row.nodes.includes(name))
          .map(
            (node): Part => ({
              node,
              isMeantGpu: ({ index }) =>
                row.gpus.some((gpu) => gpu.node === node.name && gpu.index === index),
              isMeantProcess: ({ job }) => isOwn(node, job),
              isMeantOther: ({ job }) => isOwn(node, job),
            }),
          );
        return rowHolds(query, parts);
      });
      expectSame(filterJobs(parsed(query), jobs, nodes), expected);
    }),
    RUNS,
  );
});
