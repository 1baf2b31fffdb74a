import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeGpu, fakeJob, fakeNode } from '../../test/support/fake-cluster.ts';
import { complete } from './complete.ts';
import { fields } from './fields.ts';
import { parseQuery } from './parse.ts';
import { vocabularyOf } from './vocabulary.ts';

const nodes = [
  fakeNode('gpu01', { tags: ['lab one', 'fast'] }),
  fakeNode(
    'gpu02',
    {},
    {
      gpus: [fakeGpu(0, { name: 'NVIDIA H100 80GB HBM3' })],
      gpuProcesses: [fakeJob(1, 0, { user: 'albert' })],
    },
  ),
];
const vocabulary = vocabularyOf(nodes, []);

/** The text with its first option taken, for a caret at the bar. */
function taken(text: string, option = 0): string {
  const caret = text.indexOf('|');
  const whole = text.replace('|', '');
  const { from, to, options } = complete(whole, caret, vocabulary);
  return whole.slice(0, from) + (options[option]?.text ?? '∅') + whole.slice(to);
}

describe('completion', () => {
  it.each([
    ['us|', 'user:'],
    ['-us|', '-user:'],
    ['state:l|', 'state:live'],
    ['state:live,u|', 'state:live,unreachable'],
    ['user:al|', 'user:alice'],
    ['user:=al|', 'user:=alice'],
    ['user:b|,alice', 'user:bob,alice'],
    ['gpu:h1|', 'gpu:"NVIDIA H100 80GB HBM3"'],
    ['tag:"lab o|', 'tag:"lab one"'],
    ['tag:la| is:free', 'tag:"lab one" is:free'],
    ['is:f|', 'is:free'],
    ['kind:slu|', 'kind:slurm'],
    ['cause:host|', 'cause:host-key-unknown'],
    ['mem:|', 'mem:>40G'],
    ['albe|', 'user:albert'],
    ['free:>2|', 'free:∅'],
    ['nope:x|', 'nope:x∅'],
    ['is:free |', 'is:free node:'],
  ])('of %s', (text, expected) => expect(taken(text)).toBe(expected));

  it('offers every field with its help where nothing is written', () => {
    const { options } = complete('', 0, vocabulary);
    expect(options.map(({ text }) => text)).toEqual(fields.map(({ name }) => `${name}:`));
    expect(options.every(({ help }) => help.length > 5)).toBe(true);
  });

  it('of values of texts, taken, is a query', () => {
    for (const { name, kind } of fields.filter((field) => field.kind === 'text')) {
      const { options } = complete(`${name}:`, name.length + 1, vocabulary);
      for (const { text } of options) expect(parseQuery(`${name}:${text}`).ok, `${kind} ${text}`).toBe(true);
    }
  });

  it('never throws, and replaces a part of the text', () => {
    const piece = fc.oneof(
      fc.constantFrom('user:', 'tag:"', ',', '"', '-', ' ', '\\', 'is:', '='),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), fc.double(), (pieces, caret) => {
        const text = pieces.join('');
        const { from, to, options } = complete(text, caret, vocabulary);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeGreaterThanOrEqual(from);
        expect(to).toBeLessThanOrEqual(text.length);
        expect(options.length).toBeLessThanOrEqual(fields.length);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the vocabulary', () => {
  it('is bounded, whatever nodes say', () => {
    const users = Array.from({ length: 10_000 }, (_, at) =>
      fakeJob(at, 0, { user: `user${at}`, command: 'x'.repeat(150) }),
    );
    const hostile = fakeNode(
      'evil',
      {},
      {
        gpuProcesses: [
          ...['a\u001b[31m', 'b\nc', 'd\u202ee', '', '"q"\\'].map((user) => fakeJob(1, 0, { user })),
          ...users,
        ],
        gpus: [fakeGpu(0, { name: '\u0000' })],
      },
    );
    const found = vocabularyOf([hostile], []);
    expect(found.get('user')).toHaveLength(500);
    expect(found.get('user')?.slice(0, 2)).toEqual(['"q"\\', 'user0']);
    expect(found.get('gpu')).toBeUndefined();
    expect(found.get('command')).toEqual(['python', 'blender']);
    expect(complete('user:', 5, found).options).toHaveLength(20);
    const [first] = complete('user:', 5, found).options;
    expect(parseQuery(`user:=${first?.text}`)).toMatchObject({
      query: { terms: [{ tests: [{ text: '"q"\\' }] }] },
    });
  });
});
