import { gzipSync } from 'node:zlib';
import { createTopics } from '../src/web/live/topics.ts';
import { createFakeCluster } from '../test/support/fake-cluster.ts';
import { randomCluster } from '../test/support/random-cluster.ts';
import { printMachine, printTable, quantile, round } from './report.ts';

/** What the heat map of 1,000 nodes with 8 GPUs costs the head a second, with every report new, and its viewers. */

const ROUNDS = 40;
const nodes = randomCluster({ seed: 1, nodes: 1_000, gpusPerNode: 8, processesPerNode: 16 });
const topicNames = ['heat layout', 'heat utilization'];

const fake = createFakeCluster(nodes);
const { cluster } = fake;
const topics = createTopics(cluster);
let version = 0;
let bytes = 0;

/** Without the reports themselves, which are made for all views. */
function measureRound(round: number): number {
  for (const [at, node] of nodes.entries()) {
    const other = nodes[(at + round) % nodes.length];
    // A head makes its reports anew, from lines that it has just read.
    fake.set({ ...node, sample: structuredClone(other?.sample ?? null) });
  }
  const nowMs = round * 1_000;
  cluster.refreshAll(nowMs);
  version += 1;
  const startMs = performance.now();
  topics.update(topicNames, version, nowMs);
  const spentMs = performance.now() - startMs;
  bytes = gzipSync(topicNames.map((topic) => topics.changeJson(topic, version - 1) ?? '').join('')).length;
  return spentMs;
}

const times = Array.from({ length: ROUNDS }, (_, round) => measureRound(round + 1)).slice(5);
printMachine();
printTable([
  [
    'one round of the heat map, 1,000 × 8 GPUs',
    `${round(quantile(times, 0.5))} ms (p95 ${round(quantile(times, 0.95))})`,
    'once a second for all viewers',
  ],
  ['gzipped, a second for each viewer', `${round(bytes / 1024)} KB`, '≤ 50 KB with everything else'],
]);
