import { expect, test } from 'vitest';
import { fakeGpu, fakeJob, fakeNode, unreachable } from '../../test/support/fake-cluster.ts';
import { renderNodeText, renderStatusText } from './text.ts';

test('a line for each node', () => {
  const nodes = [
    fakeNode('gpu01'),
    unreachable(fakeNode('gpu02')),
    fakeNode('gpu-three', {
      state: 'connecting',
      transport: null,
      transportReason: null,
      hello: null,
      sample: null,
      sampleAgeMs: null,
    }),
  ];
  expect(renderStatusText(nodes)).toBe(
    [
      'NODE       STATE        BY    AGE       GPUS FREE  CPU    PROBLEM',
      'gpu01      live         ssh2  1 s ago   1/2        15.1%',
      'gpu02      unreachable  ssh2  65 s ago  –          –      refused: gpu02 port 22 refused the connection: no SSH server listens there.',
      'gpu-three  connecting   –     –         –          –',
      '',
    ].join('\n'),
  );
  expect(renderStatusText([])).toContain('No nodes');
});

test('what one node says in full', () => {
  const text = renderNodeText(fakeNode('gpu01'));
  for (const part of [
    'gpu01  live, by SSH',
    'CPU (16C32T)',
    '72.7%',
    '/scratch (HDD)',
    'GeForce RTX 3090',
    '23.0 of 24.0 GiB used',
    '11181 (alice) · python train.py --epochs 40 · 5.5 GiB, 1d7h16m23s, CPU of its tree 3.1 cores, RAM of its tree 14.0 GiB',
    'blender -b scene.blend',
  ]) {
    expect(text).toContain(part);
  }
  expect(text.endsWith('\n')).toBe(true);
});

test('why a node is not live, with the hint and the last lines', () => {
  const text = renderNodeText(unreachable(fakeNode('gpu01')));
  expect(text).toContain('  refused: gpu01 port 22 refused');
  expect(text).toContain('  Start sshd on the node or mend the port, then try: ssh gpu01');
  expect(text).toContain('  | kex_exchange_identification');
});

test('a lost GPU is told in its row', () => {
  const text = renderNodeText(fakeNode('a', {}, { gpus: [fakeGpu(3, { health: 'lost' })] }));
  expect(text).toMatch(/3 {2}GeForce RTX 3090 {2}LOST {2}lost: fell off the bus/);
});

test('no text from a node steers a terminal or forges a line', () => {
  const evil = 'a\u001b[2J\r\nb\u009b';
  const node = { ...unreachable(fakeNode(evil)), message: evil, hint: evil, lastLines: [evil] };
  const job = fakeJob(1, 0, { user: evil, command: evil, arguments: evil });
  const full = renderNodeText({ ...node, sample: fakeNode('a', {}, { gpuProcesses: [job] }).sample });
  for (const text of [renderStatusText([node]), full]) {
    expect(text).toContain('a\\x1b[2J\\x0d\\x0ab\\x9b');
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  }
  expect(renderStatusText([node]).split('\n')).toHaveLength(3);
});
