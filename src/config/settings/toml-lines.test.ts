import fc from 'fast-check';
import { parse } from 'smol-toml';
import { expect, it } from 'vitest';
import { findTomlLines } from './toml-lines.ts';

it('finds names, also behind values of several lines', () => {
  const text = `# a comment
port = 1
hosts = [
  "a", # port = 2
  "b",
]
words = """
[marks]
port = 3
"""
[marks] # here
celsius = 1
a.b = { c = 1, d = 2 }

[[alerts]]
name = "x"
[alerts.quiet]
from = 1
[[alerts]]
name = "y"
[nodes."gpu[01]"]
tags = ['''
]''']
`;
  const { lineOf } = findTomlLines(text);
  const places: [(string | number)[], number | null][] = [
    [['port'], 2],
    [['hosts'], 3],
    [['hosts', 1], 3],
    [['words'], 7],
    [['marks'], 11],
    [['marks', 'celsius'], 12],
    [['marks', 'a', 'b', 'd'], 13],
    [['marks', 'other'], 11],
    [['alerts', 0], 15],
    [['alerts', 0, 'name'], 16],
    [['alerts', 0, 'quiet', 'from'], 18],
    [['alerts', 1, 'name'], 20],
    [['nodes', 'gpu[01]', 'tags'], 22],
    [['none'], null],
  ];
  for (const [path, line] of places) expect([path, lineOf(path)]).toEqual([path, line]);
});

const key = fc.constantFrom('a', 'b-c', '"d e"', '"f[0]"', "'#'", '7');
const value = fc.constantFrom(
  '1',
  '"x"',
  '[1,\n 2]',
  '"""\n[a]\nb = 1\n"""',
  '[ # ]\n]',
  '{ x = 1, y = [1, 2] }',
  'true',
);
const statement = fc.tuple(key, value);
const block = fc.record({
  header: key,
  statements: fc.uniqueArray(statement, { selector: ([name]) => name }),
});

it('finds every name of any text at the line where it is written', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(block, { selector: ({ header }) => header }),
      fc.constantFrom('\n', '\n\n# [x]\n', '\r\n'),
      (blocks, end) => {
        let text = '';
        const places: [string[], number][] = [];
        const line = () => text.split('\n').length;
        const bare = (name: string) => name.replace(/^["']|["']$/g, '');
        for (const { header, statements } of blocks) {
          places.push([[bare(header)], line()]);
          text += `[${header}]${end}`;
          for (const [name, written] of statements) {
            places.push([[bare(header), bare(name)], line()]);
            text += `${name} = ${written}${end}`;
          }
        }
        parse(text);
        const { lineOf } = findTomlLines(text);
        for (const [path, at] of places) expect([path, lineOf(path)]).toEqual([path, at]);
      },
    ),
  );
});

it('takes a long list in its stride', () => {
  const text = `hosts = [\n${'"a",\n'.repeat(20_000)}]\nport = 1\n`;
  const startedMs = performance.now();
  expect(findTomlLines(text).lineOf(['port'])).toBe(20_003);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});
