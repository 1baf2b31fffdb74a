import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNameGroups, kindOfName, matchesPattern } from './name-groups.ts';
import { addTellingLines, noTellingLines } from './telling-lines.ts';

function groupsOf(text: string) {
  const lines = noTellingLines();
  addTellingLines(text, lines);
  const { groupOf } = createNameGroups(lines);
  return (host: string) => groupOf({ host, user: null, port: null });
}

describe('matchesPattern', () => {
  it('is what * and ? mean', () => {
    const letters = fc.stringMatching(/^[ab]{1,8}$/);
    fc.assert(
      fc.property(letters, fc.stringMatching(/^[ab*?]{0,8}$/), (text, pattern) => {
        const meaning = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(matchesPattern(text, pattern)).toBe(meaning.test(text));
      }),
    );
  });

  it('takes its time on no pattern', () => {
    expect(matchesPattern('a'.repeat(250), `${'*a'.repeat(200)}*b`)).toBe(false);
  });
});

describe('kindOfName', () => {
  it.each([
    ['10.0.0.1', 'address'],
    ['node-1.x_y', 'lower'],
    ['Node1', 'mixed'],
    ['10', null],
    ['1.2', null],
    ['010.0.0.1', null],
    ['0x1F.1', null],
    ['1.2.3.', null],
    ['fe80::1', null],
    ['-n1', null],
    ['a b', null],
    ['n1\n', null],
    ['nöde', null],
    ['', null],
    [`${'1'.repeat(200)}!`, null],
  ])('says of %j %s', (name, kind) => {
    expect(kindOfName(name)).toBe(kind);
  });
});

describe('createNameGroups', () => {
  it('keeps apart what a Host line keeps apart, and nothing else', () => {
    const groupOf = groupsOf('Host n1 n2 !n3 n?\nHost *\n');
    expect(groupOf('n1')).toBe(groupOf('n2'));
    expect(groupOf('n1')).toBe(groupOf('n9'));
    expect(groupOf('n1')).not.toBe(groupOf('n3'));
    expect(groupOf('n1')).not.toBe(groupOf('m1'));
    expect(groupOf('N1')).not.toBe(groupOf('n1'));
  });

  it('takes words behind # for a comment and for patterns', () => {
    const groupOf = groupsOf('Host n1 # n2 n3\n');
    expect(groupOf('n1')).not.toBe(groupOf('n2'));
    expect(groupOf('n2')).toBe(groupOf('n3'));
    expect(groupOf('n2')).not.toBe(groupOf('n4'));
  });

  it('looks at what HostName makes of a name where ssh does', () => {
    const text = 'HostName %h.ib\n';
    const host = groupsOf(`${text}Host n1.ib\n`);
    expect(host('n1')).toBe(host('n2'));
    const match = groupsOf(`${text}Match host N1.ib,n3\n`);
    expect(match('n1')).not.toBe(match('n2'));
    const final = groupsOf(`${text}Host n1.ib\nMatch final all\n`);
    expect(final('n1')).not.toBe(final('n2'));
  });

  it.each([
    ' HOST = n1 "n2"\r\n\tPort 22\r\n# x\r\n\r\n',
    'Match !originalhost a,b user c localuser d\nUser e\n',
    'Include conf.d/* "a b"\n',
  ])('understands %j', (text) => {
    expect(groupsOf(text)('n1')).not.toBeNull();
  });

  it.each([
    'Host "a b"\n',
    "Host 'a'\n",
    'Host a\\\n',
    'Host a=b\n',
    'Host\n',
    'Host ""\n',
    '"Host" a\n',
    '=Host a\n',
    '\u00a0Host a\n',
    '\ufeffHost a\n',
    'Host a\0b\n',
    `Host ${'a'.repeat(1_100)}\n`,
    'Match exec true\n',
    'Match host=a\n',
    'Match localnetwork 10.0.0.0/8\n',
    'Match tagged a\n',
    'Include %h\n',
    'Include ${A}\n',
    'User %h\n',
    'HostName ${A}\n',
    `Match final all\n${Array.from({ length: 9 }, (_, index) => `HostName %h${index}\n`).join('')}`,
    Array.from({ length: 2_001 }, (_, index) => `Host *${index}\n`).join(''),
  ])('leaves %j to ssh', (text) => {
    expect(groupsOf(text)('n1')).toBeNull();
  });

  it('takes ten thousand blocks of one node each', () => {
    const groupOf = groupsOf(Array.from({ length: 10_000 }, (_, index) => `Host n${index}\n`).join(''));
    expect(new Set(Array.from({ length: 10_000 }, (_, index) => groupOf(`n${index}`))).size).toBe(10_000);
  });
});
