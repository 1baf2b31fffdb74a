import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteText } from '../../static/shared/query-text.js';
import { describeFields, fields } from './fields.ts';
import { MAX_QUERY_LENGTH, MAX_TERMS, parseQuery } from './parse.ts';
import { printQuery } from './print.ts';
import type { Query, Test } from './query.ts';

function queryOf(text: string): Query {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error.message}`);
  return parsed.query;
}

function errorOf(text: string) {
  const parsed = parseQuery(text);
  if (parsed.ok) throw new Error(`${text} is taken for a query`);
  const { message, at, length } = parsed.error;
  return { message, marked: text.slice(at, at + length) };
}

const textTest = (text: string, isExact = false): Test => ({ kind: 'text', text, isExact });
const GIB = 1024 ** 3;

describe('a search text', () => {
  it('is a list of words and fields', () => {
    expect(queryOf('  Llama user:Alice,bob -tag:=LAB state:live\t"two  words" ').terms).toEqual([
      { field: null, isNegated: false, tests: [textTest('llama')] },
      { field: 'user', isNegated: false, tests: [textTest('alice'), textTest('bob')] },
      { field: 'tag', isNegated: true, tests: [textTest('lab', true)] },
      { field: 'state', isNegated: false, tests: [textTest('live', true)] },
      { field: null, isNegated: false, tests: [textTest('two  words')] },
    ]);
    expect(queryOf('').terms).toEqual([]);
    expect(queryOf(' \n').terms).toEqual([]);
  });

  it('knows the example that it was made for', () => {
    const example = 'user:alice state:live gpu:h100 free:>=2 mem:>40G temp:>80 job:1234';
    expect(queryOf(example).terms.map(({ field }) => field)).toEqual([
      'user',
      'state',
      'gpu',
      'free',
      'mem',
      'temp',
      'job',
    ]);
  });

  it('keeps what is quoted, with a backslash before a quote', () => {
    expect(queryOf('command:"a, b:c" "-x" "say \\"hi\\"" user:"=al"').terms).toMatchObject([
      { field: 'command', tests: [textTest('a, b:c')] },
      { field: null, isNegated: false, tests: [textTest('-x')] },
      { field: null, tests: [textTest('say "hi"')] },
      { field: 'user', tests: [textTest('=al')] },
    ]);
  });

  it.each([
    ['mem:>40G', 40 * GIB, Number.POSITIVE_INFINITY, true, false],
    ['mem:>=1.5tib', 1536 * GIB, Number.POSITIVE_INFINITY, false, false],
    ['mem:<500MB', Number.NEGATIVE_INFINITY, 500 * 1024 ** 2, false, true],
    ['mem:20..40G', 20 * GIB, 40 * GIB, false, false],
    ['mem:512M..1G', GIB / 2, GIB, false, false],
    ['mem:40G..', 40 * GIB, Number.POSITIVE_INFINITY, false, false],
    ['mem:>0', 0, Number.POSITIVE_INFINITY, true, false],
    ['vram:80G', 79.5 * GIB, 80.5 * GIB, false, true],
    ['free>=2', 2, Number.POSITIVE_INFINITY, false, false],
    ['free:2', 1.5, 2.5, false, true],
    ['free:=0', -0.5, 0.5, false, true],
    ['util:<=20%', Number.NEGATIVE_INFINITY, 20, false, false],
    ['temp:60..75C', 60, 75, false, false],
    ['temp:>80°C', 80, Number.POSITIVE_INFINITY, true, false],
    ['power:>0.3kW', 300, Number.POSITIVE_INFINITY, true, false],
    ['age:>30m', 1_800_000, Number.POSITIVE_INFINITY, true, false],
    ['age:<1d12h', Number.NEGATIVE_INFINITY, 129_600_000, false, true],
    ['load:1.5', 1.45, 1.55, false, true],
  ])('reads the number in %s', (text, low, high, isLowOpen, isHighOpen) => {
    const [test] = queryOf(text).terms[0]?.tests ?? [];
    expect(test).toMatchObject({ kind: 'interval', isLowOpen, isHighOpen });
    if (test?.kind !== 'interval') return;
    for (const [found, wanted] of [
      [test.low, low],
      [test.high, high],
    ] as const)
      expect(found === wanted || Math.abs(found - wanted) < 1e-6, `${found} is ${wanted}`).toBe(true);
  });

  it.each([
    ['gpu01 usr:alice', 'usr', 'Did you mean user:?'],
    ['slurm:4711', 'slurm', 'write job:slurm:4711'],
    ['http://x', 'http', 'quote it: "http://x"'],
    ['state:lve', 'lve', 'Did you mean state:live?'],
    ['is:open', 'open', 'It knows: free, busy'],
    ['kind:slurm,dockr', 'dockr', 'Did you mean kind:docker?'],
    ['x mem:>40', '>40', 'needs a unit (b, k,'],
    ['mem:>40X', '>40X', '"x" is no unit here'],
    ['temp:hot', 'hot', '"hot" is no number'],
    ['temp:1e5', '1e5', 'no unit here'],
    ['temp:', 'temp:', 'needs a value, such as temp:>80'],
    ['temp:90..80', '90..80', 'ends before it begins'],
    ['free:>=', '>=', '"" is no number'],
    ['free:..', '..', 'is no number'],
    ['age:>30', '>30', 'needs a unit (s, m, min, h, d, w)'],
    ['user:>5', '>5', 'cannot be compared with >'],
    ['user:=', '=', 'needs a text'],
    ['user:a,,b', 'user:a,,b', 'needs a value'],
    ['a "b c', '"b c', 'not closed'],
    ['a -', '-', 'nothing here'],
    ['""', '""', 'nothing here'],
  ])('says what is wrong in %s', (text, marked, remedy) => {
    const error = errorOf(text);
    expect(error.marked).toBe(marked);
    expect(error.message).toContain(remedy);
  });

  it('shows control characters as what they are', () => {
    expect(errorOf('state:\u001b[31m').message).not.toContain('\u001b');
    expect(errorOf('temp:\u001b[31m').message).not.toContain('\u001b');
  });

  it('has limits', () => {
    expect(errorOf('x'.repeat(MAX_QUERY_LENGTH + 3)).marked).toBe('xxx');
    expect(queryOf('x'.repeat(MAX_QUERY_LENGTH)).terms).toHaveLength(1);
    const words = Array.from({ length: MAX_TERMS + 1 }, (_, at) => `w${at}`);
    expect(errorOf(words.join(' ')).marked).toBe(`w${MAX_TERMS}`);
    expect(queryOf(words.slice(1).join(' ')).terms).toHaveLength(MAX_TERMS);
  });

  it('takes every example of the table', () => {
    for (const { name, aliases, example } of fields) {
      expect(queryOf(example).terms, example).toMatchObject([{ field: name }]);
      for (const alias of aliases)
        expect(queryOf(example.replace(name, alias)).terms).toMatchObject([{ field: name }]);
    }
  });
});

it('is told in docs/search.md as the table has it', () => {
  const guide = readFileSync(new URL('../../docs/search.md', import.meta.url), 'utf8');
  for (const line of describeFields()) expect(guide.split('\n')).toContain(line);
});

const pieces = fc.oneof(
  fc.constantFrom(...fields.map(({ example }) => example)),
  fc.constantFrom(
    '-',
    '"',
    '\\',
    ',',
    ':',
    '=',
    '>',
    '<=',
    '..',
    ' ',
    'is:',
    'free:',
    'mem:',
    '40G',
    'é',
    '\u0000',
  ),
  fc.string({ maxLength: 6, unit: 'binary' }),
);
const anyText = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''));

describe('any text', () => {
  it('never throws, and an error lies within the text', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.string({ maxLength: 600, unit: 'binary' })), (text) => {
        const parsed = parseQuery(text);
        if (parsed.ok) return;
        const { at, length, message } = parsed.error;
        expect(at).toBeGreaterThanOrEqual(0);
        expect(length).toBeGreaterThan(0);
        expect(at + length).toBeLessThanOrEqual(text.length);
        expect(message).toMatch(/[.?]$/);
      }),
      { numRuns: 3_000 },
    );
  });

  it('means the same when it is printed and read again', () => {
    let queries = 0;
    fc.assert(
      fc.property(anyText, (text) => {
        const first = parseQuery(text.slice(0, 100));
        if (!first.ok) return;
        queries += 1;
        expect(parseQuery(printQuery(first.query))).toEqual(first);
      }),
      { numRuns: 3_000 },
    );
    expect(queries).toBeGreaterThan(300);
  });

  it('is itself a value when it is quoted', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }), (text) => {
        const expected = [{ field: 'user', isNegated: false, tests: [textTest(text.toLowerCase(), true)] }];
        expect(queryOf(`user:=${quoteText(text)}`).terms).toEqual(expected);
      }),
    );
  });

  it('is read in a moment, whatever it repeats', () => {
    const startMs = performance.now();
    for (const unit of [
      '"',
      '\\',
      '-',
      ',',
      'a:',
      'mem:1',
      'age:1d',
      '1',
      '..',
      '>',
      'user:"',
      ' x',
      'age:1',
      '0d',
    ])
      for (const begin of ['', 'age:', 'mem:', 'user:', '"'])
        parseQuery((begin + unit.repeat(MAX_QUERY_LENGTH)).slice(0, MAX_QUERY_LENGTH));
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });
});
