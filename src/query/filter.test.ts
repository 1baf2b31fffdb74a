import { describe, expect, it } from 'vitest';
import { listGpus, listJobs, listUsers } from '../../test/support/cluster-rows.ts';
import {
  fakeGpu,
  fakeJob,
  fakeNode,
  fakeReportedJob,
  TAKEN_AT_MS,
  unreachable,
} from '../../test/support/fake-cluster.ts';
import { rowKinds } from '../lib/row-kinds.ts';
import type { ReportedJob } from '../protocol/reported-sample.ts';
import { countGpus } from '../report/gpu-use.ts';
import type { NodeReport } from '../report/node-report.ts';
import { fields } from './fields.ts';
import { filterGpus, filterJobs, filterNodes, filterUsers } from './filter.ts';
import { createMatcher } from './match.ts';
import { parseQuery } from './parse.ts';
import { emptyQuery, type Query } from './query.ts';

const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;

function queryOf(text: string): Query {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.query;
}

const job = fakeReportedJob;

const h100 = (index: number, change: Parameters<typeof fakeGpu>[1] = {}) =>
  fakeGpu(index, {
    name: 'NVIDIA H100 80GB HBM3',
    memoryTotalBytes: 81_559 * 1024 ** 2,
    memoryFreeBytes: 79 * GIB,
    ...change,
  });
const busy = { utilizationPercent: 97, memoryUsedBytes: 20 * GIB, memoryFreeBytes: 4 * GIB };

/** Two nodes with H100s, a mixed one, one with sick and MIG GPUs, one without GPUs, one out of reach, one off. */
const nodes: NodeReport[] = [
  fakeNode(
    'h1',
    { tags: ['lab', 'fast'] },
    {
      gpus: [h100(0, { ...busy, temperatureCelsius: 85 }), h100(1), h100(2, { temperatureCelsius: null })],
      gpuProcesses: [fakeJob(10, 0, { job: 'slurm:4712', arguments: 'train.py --bf16' })],
      topProcesses: [],
      jobs: [job('slurm:4712', { name: 'llama-12' })],
    },
  ),
  fakeNode(
    'h2',
    { tags: ['lab'] },
    {
      gpus: [h100(0, busy), h100(1, { ...busy, utilizationPercent: 0 })],
      gpuProcesses: [
        fakeJob(10, 0, { job: 'slurm:4712' }),
        fakeJob(11, 1, { user: 'bob', job: 'docker:3f2a', command: 'jupyter', arguments: null }),
      ],
      jobs: [job('slurm:4712'), job('docker:3f2a', { user: 'bob', startTimeMs: TAKEN_AT_MS - 50 * HOUR_MS })],
    },
  ),
  fakeNode(
    'mixed10',
    { marks: [{ gpuIndex: 1, code: 'held-idle', text: 'held' }] },
    {
      gpus: [fakeGpu(0), fakeGpu(1, { ...busy, utilizationPercent: 0, name: 'NVIDIA L40S' })],
      gpuProcesses: [fakeJob(12, 1, { user: 'bob' })],
      topProcesses: [],
    },
  ),
  fakeNode(
    'sick',
    {},
    {
      gpus: [
        fakeGpu(0, { health: 'lost', error: 'gone' }),
        h100(1, { migEnabled: true }),
        h100(1024, { parentIndex: 1, migInstance: '1/0', memoryTotalBytes: 10 * GIB }),
      ],
      gpuProcesses: [],
      topProcesses: [],
    },
  ),
  fakeNode(
    'cpu1',
    { hello: null },
    {
      gpus: [],
      gpuProcesses: [],
      cpu: { totalPercent: 91, corePercents: [], load1: 60, load5: 1, load15: 1 },
    },
  ),
  unreachable(fakeNode('gone', {}, { gpus: [h100(0)], gpuProcesses: [], topProcesses: [] })),
  fakeNode('off', { state: 'disabled', hello: null, sample: null, sampleAgeMs: null }),
];
const jobs = listJobs(nodes, TAKEN_AT_MS);
const gpus = listGpus(nodes);
const users = listUsers(nodes, jobs);

const nodesOf = (text: string) => filterNodes(queryOf(text), nodes).map(({ name }) => name);
const gpusOf = (text: string) =>
  filterGpus(queryOf(text), gpus, nodes).map(({ node, index }) => `${node}:${index}`);
const jobsOf = (text: string) => filterJobs(queryOf(text), jobs, nodes).map(({ key }) => key);
const usersOf = (text: string) => filterUsers(queryOf(text), users, nodes).map(({ user }) => user);

describe('what a scheduler says', () => {
  const scheduler = {
    ...{ cluster: 'fleet', state: 'MIXED', reason: null, partitions: ['gpu', 'long'], reservation: null },
    ...{ isDrained: false, askedBy: 'a', ageMs: 0, problem: null },
  };
  const allocation = { jobKey: 'slurm:11', jobId: '9_2', user: 'ann' };
  const cluster = [
    fakeNode(
      'a',
      { scheduler },
      {
        gpus: [fakeGpu(0, { allocation }), fakeGpu(1), fakeGpu(2, { allocation })],
        gpuProcesses: [fakeJob(1, 2)],
      },
    ),
    fakeNode(
      'b',
      { scheduler: { ...scheduler, state: 'IDLE+DRAIN', isDrained: true, partitions: ['cpu'] } },
      { gpus: [fakeGpu(0, { isDrained: true })], gpuProcesses: [] },
    ),
    fakeNode('c', {}, { gpus: [fakeGpu(0)], gpuProcesses: [] }),
  ];
  const rows = listGpus(cluster);
  it.each([
    ['is:free', ['a:1', 'c:0']],
    ['is:allocated', ['a:0', 'a:2']],
    ['is:busy', ['a:2']],
    ['is:drained', ['b:0']],
    ['-is:drained', ['a:0', 'a:1', 'a:2', 'c:0']],
    ['partition:gpu', ['a:0', 'a:1', 'a:2']],
    ['partition:=cpu', ['b:0']],
  ])('%s', (text, expected) => {
    const found = filterGpus(queryOf(text), rows, cluster).map(({ node, index }) => `${node}:${index}`);
    expect(found).toEqual(expected);
  });
});

it('nodes have as many free GPUs as their scheduler leaves', () => {
  const given = { jobKey: 'slurm:1', jobId: '1', user: 'ann' };
  const cluster = [0, 1, 2].map((count) =>
    fakeNode(
      `n${count}`,
      {},
      { gpus: [0, 1].map((at) => fakeGpu(at, at < count ? { allocation: given } : {})), gpuProcesses: [] },
    ),
  );
  expect(filterNodes(queryOf('free:>=1'), cluster).map(({ name }) => name)).toEqual(['n0', 'n1']);
});

describe('elements of arrays', () => {
  const element = (id: string, number: string, kind: ReportedJob['kind'] = 'slurm') =>
    job(`${kind}:${number}`, { id, number });
  const cluster = [
    fakeNode('a', {}, { gpuProcesses: [], topProcesses: [], jobs: [element('9_2', '11')] }),
    fakeNode('b', {}, { gpuProcesses: [], topProcesses: [], jobs: [element('9_3', '9')] }),
    fakeNode('c', {}, { gpuProcesses: [], topProcesses: [], jobs: [job('pbs:815[7]'), job('slurm:92')] }),
  ];
  const rows = listJobs(cluster, TAKEN_AT_MS);
  it.each([
    ['job:9_2', ['slurm:11']],
    ['job:9', ['slurm:11', 'slurm:9']],
    ['job:11', ['slurm:11']],
    ['job:=9', ['slurm:9']],
    ['job:2', []],
    ['job:815', ['pbs:815[7]']],
  ])('%s', (text, keys) => {
    const found = filterJobs(queryOf(text), rows, cluster).map(({ key }) => key);
    expect(found.sort()).toEqual(keys);
  });
});

describe('ids of containers as they are printed', () => {
  const container = (digits: string) => job(`docker:${digits.padEnd(64, '0')}`);
  const idle = { gpuProcesses: [], topProcesses: [] };
  const cluster = [
    fakeNode('a', {}, { ...idle, jobs: [container('be409ecbac19aa'), container('be409ecbac19bb')] }),
    fakeNode('b', {}, { ...idle, jobs: [container('be409ecbac19aa'), container('be409ecbac20')] }),
  ];
  const rows = listJobs(cluster, TAKEN_AT_MS);
  it.each([
    ['job:docker:be409ecbac19@a', 2],
    ['job:=docker:BE409ecbac19@a', 2],
    ['job:docker:be409ecbac19@b', 1],
    ['job:docker:be409ecbac19@c', 0],
    ['job:docker:be409ecbac19', 3],
  ])('%s', (text, count) => expect(filterJobs(queryOf(text), rows, cluster)).toHaveLength(count));
});

describe('nodes', () => {
  it.each([
    ['', ['h1', 'h2', 'mixed10', 'sick', 'cpu1', 'gone', 'off']],
    ['node:h', ['h1', 'h2']],
    ['node:=H1', ['h1']],
    ['tag:fast', ['h1']],
    ['state:live', ['h1', 'h2', 'mixed10', 'sick', 'cpu1']],
    ['state:unreachable,disabled', ['gone', 'off']],
    ['cause:refu', ['gone']],
    ['gpu:h100', ['h1', 'h2', 'sick', 'gone']],
    ['model:l40s', ['mixed10']],
    ['-gpu:h100', ['mixed10', 'cpu1', 'off']],
    ['user:bob', ['h2', 'mixed10', 'cpu1']],
    ['user:bob gpu:h100', ['h2']],
    ['-user:bob state:live', ['h1', 'sick']],
    ['job:4712', ['h1', 'h2']],
    ['kind:docker', ['h2']],
    ['command:bf16', ['h1']],
    ['command:"python train.py"', ['h1', 'h2', 'mixed10']],
    ['age:>2d', ['h2']],
    ['cpu:>90', ['cpu1']],
    ['load:>50', ['cpu1']],
    ['ram:>64G node:g', []],
    ['gpus:3', ['h1']],
    ['gpus:0', ['cpu1']],
    ['is:free', ['h1', 'mixed10', 'sick']],
    ['is:idle', ['mixed10']],
    ['is:sick', ['sick']],
    ['is:out', ['sick', 'gone']],
    ['is:mig', ['sick']],
    ['is:down', ['gone']],
    ['is:live', ['h1', 'h2', 'mixed10', 'sick', 'cpu1']],
    ['is:problem', ['mixed10', 'sick', 'gone']],
    ['-is:problem', ['h1', 'h2', 'cpu1', 'off']],
    ['is:mig,down', ['sick', 'gone']],
    ['vendor:nvidia -gpu:h100', ['mixed10']],
    ['driver:550', ['h1', 'h2', 'mixed10', 'sick', 'gone']],
    ['uuid:GPU-0000-1024', ['sick']],
  ])('%s', (text, expected) => expect(nodesOf(text)).toEqual(expected));

  it.each([
    // One GPU has to be all of it: that of h1 which is hot is not the one with room.
    ['gpu:h100 temp:>80', ['h1']],
    ['gpu:h100 temp:>80 mem:>40G', []],
    ['gpu:h100 mem:>40G', ['h1', 'sick']],
    ['user:alice temp:>80', ['h1']],
    ['user:bob temp:>80', []],
    ['user:bob command:jupyter', ['h2']],
    ['user:alice command:jupyter', []],
  ])('speak of one GPU and one process: %s', (text, expected) => expect(nodesOf(text)).toEqual(expected));

  it.each([
    ['free:>=2', ['h1']],
    ['free:1', ['mixed10', 'sick']],
    ['free:0', ['h2', 'cpu1']],
    ['free:>=1 gpu:l40s', []],
    ['free:>=2 vram:80G', ['h1']],
    ['free:<100', ['h1', 'h2', 'mixed10', 'sick', 'cpu1']],
  ])('count the free ones of the GPUs that are meant: %s', (text, expected) =>
    expect(nodesOf(text)).toEqual(expected),
  );

  it('count as free what the overview counts', () => {
    for (const node of nodes.filter(({ state }) => state === 'live'))
      expect(nodesOf(`node:=${node.name} free:${countGpus(node).free}`)).toEqual([node.name]);
  });

  it.each([
    ['h100', ['h1', 'h2', 'sick', 'gone']],
    ['LAB', ['h1', 'h2']],
    ['bob', ['h2', 'mixed10', 'cpu1']],
    ['llama', ['h1']],
    ['4712', ['h1', 'h2']],
    ['"train.py --bf16"', ['h1']],
    ['bob h100', ['h2']],
    ['jupyter,bf16', ['h1', 'h2']],
    ['-h100 -bob', ['off']],
  ])('match plain words: %s', (text, expected) => expect(nodesOf(text)).toEqual(expected));

  it('say nothing of what is absent: it is above nothing, below nothing, and left out by nothing', () => {
    expect(gpusOf('node:h1 temp:>0')).toEqual(['h1:0', 'h1:1']);
    expect(gpusOf('node:h1 temp:<1000')).toEqual(['h1:0', 'h1:1']);
    expect(gpusOf('node:h1 -temp:>80')).toEqual(['h1:1', 'h1:2']);
  });
});

describe('GPUs', () => {
  it.each([
    ['is:free', ['h1:1', 'h1:2', 'mixed10:0', 'sick:1024']],
    ['is:busy', ['h1:0', 'h2:0', 'h2:1']],
    ['user:bob', ['h2:1', 'mixed10:1']],
    ['-user:bob node:h2', ['h2:0']],
    ['job:4712', ['h1:0', 'h2:0']],
    ['job:12', ['h1:0']],
    ['tag:fast', ['h1:0', 'h1:1', 'h1:2']],
    ['free:>=2 is:free', ['h1:1', 'h1:2']],
    ['free:2 vram:80G', ['h1:0', 'h1:1', 'h1:2']],
    ['is:problem', ['mixed10:1', 'sick:0', 'gone:0']],
    ['l40s', ['mixed10:1']],
    ['mem:>1G node:gone', []],
    ['is:live,mig node:sick', ['sick:0', 'sick:1', 'sick:1024']],
  ])('%s', (text, expected) => expect(gpusOf(text)).toEqual(expected));

  it('have the use that is searched for', () => {
    const words = { free: 'free', busy: 'busy', idle: 'held-idle', out: 'out' } as const;
    for (const [word, use] of Object.entries(words))
      expect(filterGpus(queryOf(`is:${word}`), gpus, nodes)).toEqual(gpus.filter((gpu) => gpu.use === use));
  });
});

describe('jobs', () => {
  it.each([
    ['user:alice', ['slurm:4712']],
    ['job:12', ['slurm:4712']],
    ['job:47', []],
    ['job:slurm:4712', ['slurm:4712']],
    ['job:docker:', ['docker:3f2a@h2']],
    ['kind:slurm,docker', ['slurm:4712', 'docker:3f2a@h2']],
    ['node:h1', ['slurm:4712']],
    ['temp:>80', ['slurm:4712']],
    // Hot is its GPU of another node.
    ['temp:>80 node:h2', []],
    ['gpu:h100 -kind:slurm', ['docker:3f2a@h2']],
    ['command:jupyter', ['docker:3f2a@h2']],
    ['gpus:2', ['slurm:4712']],
    ['age:>2d', ['docker:3f2a@h2']],
    ['mem:>10G', ['slurm:4712']],
    ['bob', ['docker:3f2a@h2']],
    ['bf16', ['slurm:4712']],
    ['is:problem', []],
  ])('%s', (text, expected) => expect(jobsOf(text)).toEqual(expected));
});

describe('users', () => {
  it.each([
    ['', ['bob', 'alice']],
    ['user:al', ['alice']],
    ['gpu:l40s', ['bob']],
    ['is:idle', ['bob']],
    ['kind:slurm', ['alice']],
    ['gpus:2 node:h2', ['bob', 'alice']],
    ['node:h1', ['alice']],
    ['is:problem', ['bob']],
    ['jupyter gpu:l40s', ['bob']],
    ['command:jupyter gpu:l40s', []],
  ])('%s', (text, expected) => expect(usersOf(text)).toEqual(expected));
});

it('every field can be asked of every kind of rows', () => {
  for (const kind of rowKinds)
    for (const { example } of fields) expect(() => createMatcher(queryOf(example), kind)).not.toThrow();
  expect(filterNodes(emptyQuery, nodes)).toEqual(nodes);
});
