import { expect, test } from 'vitest';
import { fakeGpu, fakeJob, fakeNode, unreachable } from '../../../test/support/fake-cluster.ts';
import { renderNodeText, renderStatusText } from './nodes-text.ts';
import { plainStyle } from './text-style.ts';
import { widthOf } from './text-width.ts';

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
      '3 nodes: 1 live, 1 connecting, 1 unreachable · 4 GPUs: 1 free, 1 busy, 2 out',
      '',
    ].join('\n'),
  );
  expect(renderStatusText([])).toContain('No nodes');
  // The line for all counts those that are not shown, too.
  expect(renderStatusText(nodes, plainStyle, 1).split('\n')).toEqual([
    expect.stringMatching(/^NODE /),
    expect.stringMatching(/^gpu01 /),
    expect.stringMatching(/^3 nodes: /),
    '',
  ]);
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
  expect(renderStatusText([node]).split('\n')).toHaveLength(4);
});

test('fits the terminal, where the command line gives way and the figures stay', () => {
  const job = fakeJob(7, 0, { command: 'python', arguments: `${'漢'.repeat(80)} --epochs 40` });
  const node = fakeNode('gpu01', {}, { gpuProcesses: [job] });
  const text = renderNodeText(node, { width: 120, hasColour: false });
  const line = text.split('\n').find((found) => found.includes('7 (alice)')) ?? '';
  expect(line).toMatch(/ · python 漢+… · .*CPU .*, RAM .*GiB$/);
  expect(widthOf(line)).toBeLessThanOrEqual(120);
  expect(renderNodeText(node)).toContain(`${'漢'.repeat(80)} --epochs 40 · `);
});

test('colours states, never what a node says', () => {
  const style = { width: null, hasColour: true };
  const evil = { ...unreachable(fakeNode('gpu02')), message: '\u001b[32mall is well\u001b[0m' };
  const text = renderStatusText([fakeNode('gpu01'), evil], style);
  expect(text).toContain('\u001b[32mlive\u001b[0m');
  expect(text).toContain('\u001b[31munreachable\u001b[0m');
  expect(text).toContain('\\x1b[32mall is well');
  // Without its colours it is the same text.
  expect(text.replace(/\u001b\[\d+m/g, '')).toBe(renderStatusText([fakeNode('gpu01'), evil]));
});
