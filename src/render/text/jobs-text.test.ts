import { expect, test } from 'vitest';
import type { ClusterJob } from '../../report/rows.ts';
import { renderJobsText } from './jobs-text.ts';
import { widthOf } from './text-width.ts';

const GIB = 1024 ** 3;
const job = (change: Partial<ClusterJob>): ClusterJob => ({
  key: 'slurm:4711',
  kind: 'slurm',
  id: '4711',
  name: 'train-llm',
  user: 'alice',
  nodes: ['gpu01', 'gpu02', 'gpu03'],
  gpus: [0, 1].map((index) => ({ node: 'gpu01', index, uuid: null, name: null })),
  gpuMemoryBytes: 120 * GIB,
  gpuUtilizationPercent: 87.5,
  cpuPercent: 1_210,
  coreCount: 96,
  command: 'python train.py',
  residentBytes: 200 * GIB,
  processCount: 20,
  startTimeMs: 0,
  ageMs: 3_723_000,
  isCurrent: true,
  ...change,
});

test('a line for each job, with a dash for what is not known', () => {
  const unknown = {
    kind: 'docker' as const,
    id: 'ab'.repeat(32),
    name: null,
    user: null,
    nodes: ['gpu07'],
    gpus: [],
    gpuMemoryBytes: null,
    gpuUtilizationPercent: null,
    cpuPercent: null,
    residentBytes: null,
    ageMs: null,
    isCurrent: false,
  };
  expect(renderJobsText([job({}), job(unknown)]).split('\n')).toEqual([
    'JOB                  NAME       USER   NODES                GPUS  GPU MEM    GPU  CORES     RAM        AGE',
    'slurm 4711           train-llm  alice  gpu[01-03]           2     120.0 GiB  88%  12 of 96  200.0 GiB  1h02m03s',
    'docker abababababab  –          –      gpu07 (old figures)  –     –          –    –         –          –',
    expect.stringMatching(
      /^2 jobs of 1 user on 4 nodes, with 2 GPUs · GPU memory 120\S* GiB, CPU .+, RAM 200\S* GiB$/,
    ),
    '',
  ]);
  expect(renderJobsText([])).toBe('No jobs.\n');
});

test('what a scheduler says is made visible', () => {
  const text = renderJobsText([job({ name: '\u001b[31mred', user: 'a\nb' })]);
  expect(text).not.toContain('\u001b');
  expect(text.split('\n')).toHaveLength(4);
});

test('wide names stand in columns, and are cut without halves', () => {
  const lines = renderJobsText([job({ name: '訓練'.repeat(20) }), job({ name: 'plain', user: '安' })]).split(
    '\n',
  );
  expect(lines[1]).toContain(`  ${'訓練'.repeat(7)}…  alice  gpu`);
  const columnOf = (line = '') => widthOf(line.slice(0, line.indexOf('gpu[01-03]')));
  expect(columnOf(lines[2])).toBe(columnOf(lines[1]));
});
