import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { createRandom } from '../src/lib/random.ts';
import { complete } from '../src/query/complete.ts';
import { filterGpus, filterJobs, filterNodes, filterUsers } from '../src/query/filter.ts';
import { groupRows, sortRows } from '../src/query/order.ts';
import { parseQuery } from '../src/query/parse.ts';
import { emptyQuery } from '../src/query/query.ts';
import { vocabularyOf } from '../src/query/vocabulary.ts';
import type { NodeReport } from '../src/report/node-report.ts';
import { listGpus, listJobs, listUsers } from '../test/support/cluster-rows.ts';
import { randomCluster } from '../test/support/random-cluster.ts';
import { measureAnswers, usualIntervalsMs } from './answers.ts';
import { printMachine, printTable, quantile, round } from './report.ts';

/** What a search, and an answer about all nodes, costs the head in CPU time: 1,000 nodes with 8 GPUs and 16 processes on them, with reports that are new each time. */

const { against, interval } = await yargs(hideBin(process.argv))
  .option('against', {
    type: 'string',
    describe: 'Another checkout, with its packages, whose answers are measured in turn',
  })
  .option('interval', {
    type: 'number',
    array: true,
    default: usualIntervalsMs,
    describe: 'Milliseconds between the samples of a node whose answers are measured',
  })
  .strict()
  .parseAsync();

const RUNS = 30;
const WARM_UPS = 10;
const SIZE = { seed: 1, nodes: 1_000, gpusPerNode: 8, processesPerNode: 16 };

const queries = [
  'free:>=2 gpu:h100',
  'gpu:h100 mem:>40G temp:<80 is:free',
  'user:=alice',
  'alice',
  'nothing-like-it',
  'state:live user:alice,bob -tag:lab command:train age:>1d',
];

/** Reports are made anew for every answer, so nothing that is kept for a report helps. */
const fresh = (nodes: readonly NodeReport[]) => nodes.map((node) => ({ ...node }));

function median(run: (nodes: NodeReport[]) => unknown): string {
  for (let at = 0; at < WARM_UPS; at++) run(fresh(cluster));
  const times = Array.from({ length: RUNS }, () => {
    const nodes = fresh(cluster);
    // Of this process alone: the machine may have others to do.
    const before = process.cpuUsage();
    run(nodes);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return `${round(quantile(times, 0.5))} ms (p95 ${round(quantile(times, 0.95))})`;
}

const cluster = randomCluster(SIZE);
const random = createRandom(2);
const shuffled = [...cluster].sort(() => random() - 0.5);
const jobs = listJobs(cluster, 0);
const gpus = listGpus(cluster);
const users = listUsers(cluster, jobs);

function queryOf(text: string) {
  const parsed = parseQuery(text);
  return parsed.ok ? parsed.query : emptyQuery;
}

/** What reading alone costs: reports are large, and most of a search is waiting for memory. */
function readModels(nodes: readonly NodeReport[]): number {
  let found = 0;
  for (const { sample } of nodes)
    for (const { name } of sample?.gpus ?? []) if (name?.toLowerCase().includes('h100')) found += 1;
  return found;
}

printMachine();
console.log(`${cluster.length} nodes, ${gpus.length} GPUs, ${jobs.length} jobs, ${users.length} users\n`);
printTable([
  ['floor: the model of every GPU, read in a plain loop', median(readModels), ''],
  ...queries.map(
    (text) =>
      [`nodes, \`${text}\``, median((nodes) => filterNodes(queryOf(text), nodes)), '≤ 10 ms'] as const,
  ),
  ['GPUs, `is:free gpu:h100`', median((nodes) => filterGpus(queryOf('is:free gpu:h100'), gpus, nodes)), ''],
  [
    'jobs, `user:alice gpu:h100`',
    median((nodes) => filterJobs(queryOf('user:alice gpu:h100'), jobs, nodes)),
    '',
  ],
  ['users, `gpu:h100`', median((nodes) => filterUsers(queryOf('gpu:h100'), users, nodes)), ''],
  ['nodes sorted by `-util,node`', median(() => sortRows('nodes', fresh(shuffled), '-util,node')), ''],
  ['GPUs sorted by `node`', median(() => sortRows('gpus', gpus, 'node')), ''],
  ['GPUs grouped by `user`', median((nodes) => groupRows('gpus', gpus, 'user', nodes)), ''],
  ['list of users', median((nodes) => listUsers(nodes, jobs)), ''],
  ['completion with its vocabulary', median((nodes) => complete('user:a', 6, vocabularyOf(nodes, jobs))), ''],
]);

console.log(
  `\nAnswers of a head with ${SIZE.nodes} nodes that is asked once a second, CPU beyond what samples cost\n`,
);
printTable(await measureAnswers(against ?? null, interval));
