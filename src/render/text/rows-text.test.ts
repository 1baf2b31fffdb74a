import { expect, test } from 'vitest';
import { listGpus, listUsers } from '../../../test/support/cluster-rows.ts';
import { fakeGpu, fakeJob, fakeNode, unreachable } from '../../../test/support/fake-cluster.ts';
import { renderGpusText } from './gpus-text.ts';
import { renderGroups, renderQueryError } from './query-text.ts';
import { renderUsersText } from './users-text.ts';

const node = fakeNode(
  'gpu01',
  {},
  {
    gpus: [
      fakeGpu(0, { utilizationPercent: 98, memoryFreeBytes: 0 }),
      fakeGpu(1, {
        health: 'lost',
        utilizationPercent: null,
        memoryFreeBytes: null,
        temperatureCelsius: null,
      }),
      fakeGpu(2, { migEnabled: true }),
      fakeGpu(1088, { parentIndex: 2, migInstance: '1/0' }),
    ],
    gpuProcesses: ['alice', 'b\u001b[31m', 'c', 'd', 'e'].map((user, at) => fakeJob(at, 0, { user })),
  },
);

test('a line for each GPU, with a dash for what is not known', () => {
  const lines = renderGpusText(listGpus([node, unreachable(fakeNode('gone'))])).split('\n');
  expect(lines.slice(0, 5)).toEqual([
    'NODE   GPU    MODEL             USE          GPU%  MEM FREE  MEM       TEMP   POWER  USERS                      JOBS',
    'gpu01  0      GeForce RTX 3090  busy         98%   0 B       24.0 GiB  31 °C  22 W   alice, b\\x1b[31m, c, d +1  –',
    'gpu01  1      GeForce RTX 3090  lost         –     –         24.0 GiB  –      22 W   –                          –',
    'gpu01  2      GeForce RTX 3090  MIG          0.0%  23.7 GiB  24.0 GiB  31 °C  22 W   –                          –',
    'gpu01  2:1/0  GeForce RTX 3090  free         0.0%  23.7 GiB  24.0 GiB  31 °C  22 W   –                          –',
  ]);
  expect(lines.at(-2)).toMatch(/^5 GPUs: 1 free, 1 busy, 3 out · .+ of .+ memory free$/);
  expect(lines[5]).toMatch(/^gone +0 +GeForce RTX 3090 +unreachable +98% +– /);
  expect(renderGpusText([])).toBe('No GPUs.\n');
});

test('a line for each user', () => {
  const lines = renderUsersText(listUsers([node], [])).split('\n');
  expect(lines[0]).toMatch(/^USER +GPUS +IDLE +GPU MEM +GPU +CORES +RAM +JOBS +NODES$/);
  expect(lines[1]).toMatch(/^alice +1 +0 +5\.5 GiB +98% +3\.1 of 32 +14\.0 GiB +0 +gpu01$/);
  expect(lines.at(-2)).toMatch(/^5 users on 1 node, with 1 GPU · GPU memory .+, CPU .+, RAM /);
  expect(lines.join('\n')).not.toContain('\u001b');
  expect(renderUsersText([])).toBe('No users.\n');
});

test('an error is marked where it is, also behind what is made visible', () => {
  expect(renderQueryError('a\u001b usr:x', { message: 'No\u0007.', at: 3, length: 3 })).toBe(
    'No\\x07.\n  a\\x1b usr:x\n        ^^^\n',
  );
});

test('groups have headings that cannot steer a terminal', () => {
  const groups = [
    { title: 'x\u001b', rows: [1, 2] },
    { title: null, rows: [3] },
  ];
  expect(renderGroups(groups, (rows) => `${rows.join(' ')}\n`)).toBe('x\\x1b (2)\n1 2\n\nnone (1)\n3\n');
});
