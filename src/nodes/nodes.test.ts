import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseNodeList } from './node-list.ts';
import { createNodeSettings, defaultNodeSettings, type SettingsRule } from './node-settings.ts';
import { expandRanges } from './ranges.ts';
import { type NodeListWatch, readNodeList, watchNodeList } from './watch-node-list.ts';

const names = (text: string) => parseNodeList(text, 'list').targets.map((target) => target.name);
const problem = (text: string) => parseNodeList(text, 'list').problems[0] ?? '';

describe('ranges', () => {
  it.each([
    ['gpu[01-03,20]', ['gpu01', 'gpu02', 'gpu03', 'gpu20']],
    ['r[1-2]n[08-10]-ib', ['r1n08-ib', 'r1n09-ib', 'r1n10-ib', 'r2n08-ib', 'r2n09-ib', 'r2n10-ib']],
    ['n[9-11]', ['n9', 'n10', 'n11']],
    ['n[ 1, 3 ]', ['n1', 'n3']],
    ['plain', ['plain']],
    ['a[7]', ['a7']],
    ['n[1-2],n7', ['n1', 'n2', 'n7']],
    ['n1, n[2,4] ,', ['n1', 'n2', 'n4']],
  ])('%s', (pattern, expected) => expect(expandRanges(pattern)).toEqual(expected));

  it('gives as many names as its brackets multiply to, each padded as written', () => {
    const part = fc
      .tuple(fc.nat(50), fc.nat(20))
      .map(([from, more]) => ({ text: `${String(from).padStart(3, '0')}-${from + more}`, size: more + 1 }));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (parts) => {
        const found = expandRanges(`n${parts.map(({ text }) => `[${text}]`).join('x')}`);
        expect(found).toHaveLength(parts.reduce((product, { size }) => product * size, 1));
        for (const name of found) expect(name).toMatch(/^n\d{3}(x\d{3})*$/);
      }),
    );
  });
});

describe('parseNodeList', () => {
  it('reads comments, blank lines, users, ports and addresses', () => {
    const text =
      '# all\n\n  gpu01  # the first\nann@gpu02:2222\n[fe80::1]:22\nroot@[::1] # CR\r\nlocalhost\nlocalhost:22\n\uFEFFbom';
    expect(parseNodeList(text, 'list').problems).toEqual([]);
    expect(parseNodeList(text, 'list').targets).toMatchObject([
      { name: 'gpu01', host: 'gpu01', user: null, port: null, local: false },
      { name: 'ann@gpu02:2222', host: 'gpu02', user: 'ann', port: 2222, local: false },
      { name: '[fe80::1]:22', host: 'fe80::1', user: null, port: 22, local: false },
      { name: 'root@[::1]', host: '::1', user: 'root', port: null, local: false },
      { name: 'localhost', host: 'localhost', user: null, port: null, local: true },
      { name: 'localhost:22', host: 'localhost', user: null, port: 22, local: false },
      { name: 'bom', host: 'bom', user: null, port: null, local: false },
    ]);
  });

  it.each([
    ['[fe80::1%eth0]:22', { host: 'fe80::1%eth0', user: null, port: 22 }],
    ['ann@[fe80::1%br-lan.7]', { host: 'fe80::1%br-lan.7', user: 'ann', port: null }],
  ])('keeps the interface of the link-local address %s', (line, target) => {
    expect(parseNodeList(line, 'list')).toMatchObject({ targets: [{ name: line, ...target }], problems: [] });
  });

  it.each([
    [
      'a b',
      'list:1: "a b" is left out: a blank may not stand in a name; write one node a line, or commas between names',
    ],
    ['ok\n-oProxyCommand=x', 'list:2: "-oProxyCommand=x" is left out: a name may not begin with "-"'],
    ['ann@-x', 'may not begin with "-"'],
    ['host:0', '"0" is not a port'],
    ['host:99999', '"99999" is not a port'],
    ['host:', '"" is not a port'],
    ['fe80::1', 'an IPv6 address stands in brackets: [fe80::1]'],
    ['@host', 'the user name before @ is missing'],
    ['ann@', 'the host name is missing'],
    ['gpu[1-', 'a [ has no ] behind it'],
    ['gpu1]', 'a ] has no [ before it'],
    ['gpu[]', 'the brackets [] are empty'],
    ['gpu[5-1]', 'runs backwards; write 1-5'],
    ['gpu[a-c]', 'neither a number nor a range'],
    ['gpu[1-99999999]', 'more than 20000 names'],
    ['gpu[1-20000][1-20000]', 'more than 20000 names'],
    ['a;b', '";" may not stand in a name; names have letters, digits and . _ -'],
    ['a\tb', 'a blank may not stand in a name; write one node a line'],
    ['a\u001bb', 'U+001B may not stand in a name: it is not seen'],
    ['gpu01\u200bx', '"gpu01\\u200bx" is left out: U+200B may not stand in a name: it is not seen'],
    ['gpu\u00ad02', 'U+00AD may not stand in a name'],
    ['gpu\u201103', 'U+2011 may not stand in a name: it only looks like a hyphen; type - instead'],
    ['gpu–03', 'U+2013 may not stand in a name: it only looks like a hyphen'],
    ['gpu\u3164', 'U+3164 may not stand in a name'],
    ['n{1..3}', '"{" may not stand in a name; write n[1-3]'],
    ['n{1,3}', '"{" may not stand in a name; write n[1,3]'],
    ['n{a,b}', 'ranges are written as n[1-3], lists as n[1,3]'],
    [',', 'no name stands between its commas'],
    ['n[0-10/2]', '"0-10/2" is neither a number nor a range'],
    [`n[${'9'.repeat(400)}]`, 'more than 15 digits'],
    [`n${'[1]'.repeat(20_000)}`, 'more than 16 pairs of brackets'],
    [`n[0-19999${',0-19999'.repeat(599)}]`, 'more than 20000 names'],
    [`a${',a'.repeat(20_000)}`, 'more than 20000 names'],
    ['$(x)', '"$" may not stand'],
    ['gpu%01', '"%" may not stand'],
    [`${'a'.repeat(300)}`, 'longer than 253'],
  ])('refuses %j alone', (line, expected) => {
    expect(problem(line)).toContain(expected);
    expect(names(`good\n${line}\nbetter`)).toEqual(expect.arrayContaining(['good', 'better']));
  });

  it('names a duplicate and keeps the first', () => {
    const list = parseNodeList('a1\nb\na[1-2]\n', 'list');
    expect(list.targets.map((target) => target.name)).toEqual(['a1', 'b', 'a2']);
    expect(list.problems).toEqual(['list:3: a1 stands already in line 1; left out here']);
  });

  it('takes lists with commas, as Slurm, pdsh and ClusterShell print them', () => {
    expect(names('n[1-2],n7\nm1,m2\nann@k[1-2]:22,\n[fe80::1]:22,x')).toEqual(
      'n1 n2 n7 m1 m2 ann@k1:22 ann@k2:22 [fe80::1]:22 x'.split(' '),
    );
  });

  it('takes letters of other scripts', () => expect(names('büro\n计算1')).toEqual(['büro', '计算1']));

  it('does not stall at a list of many long lines, and says how many problems are left out', () => {
    const text = `${'n[0-19999]\n'.repeat(2_000)}*\n`;
    const startedMs = performance.now();
    const list = parseNodeList(text, 'list');
    // Without the bound this would take minutes.
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(list.targets).toHaveLength(20_000);
    expect(list.problems).toHaveLength(201);
    expect(list.problems.at(-1)).toMatch(/^list: \d+ more problems like these$/);
  });

  it('never throws, and no name can be an option or hold a blank', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const { name, host } of parseNodeList(text, 'list').targets)
          expect(`${name} ${host}`).not.toMatch(/^-|\s-|[\0\n'"`$;]|[\p{Cf}\p{Cs}]/u);
      }),
    );
  });
});

describe('watchNodeList', () => {
  let folder = '';
  let file = '';
  let watch: NodeListWatch;
  const lists: string[][] = [];
  const problems: (string | null)[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nodes-'));
    file = join(folder, 'list');
    lists.length = problems.length = 0;
    writeFileSync(file, 'a\n');
    watch = watchNodeList(
      file,
      (list) => lists.push(list.targets.map((target) => target.name)),
      (found) => problems.push(found),
    );
  });
  afterEach(() => {
    watch.stop();
    rmSync(folder, { recursive: true });
  });

  const within3s = { timeout: 3_000 };

  it('takes a change, also by rename, within 3 s, and keeps the last good list', async () => {
    await expect.poll(() => lists.at(-1), within3s).toEqual(['a']);
    writeFileSync(file, 'a\nb\n');
    await expect.poll(() => lists.at(-1), within3s).toEqual(['a', 'b']);
    writeFileSync(`${file}.new`, 'c\n');
    renameSync(`${file}.new`, file);
    await expect.poll(() => lists.at(-1), within3s).toEqual(['c']);
    unlinkSync(file);
    await expect.poll(() => problems.at(-1), within3s).toContain('no such file');
    writeFileSync(file, '# nothing\n');
    await expect.poll(() => problems.at(-1), within3s).toContain('names no node now');
    expect(lists.at(-1)).toEqual(['c']);
    writeFileSync(file, 'd\n');
    await expect.poll(() => lists.at(-1), within3s).toEqual(['d']);
    expect(problems.at(-1)).toBeNull();
  });

  it('says what is wrong with a list that cannot be used', async () => {
    writeFileSync(file, 'a b\n');
    await expect(readNodeList(file)).rejects.toThrow('names no node');
    await expect(readNodeList(join(folder, 'missing'))).rejects.toThrow(
      'cannot be read: there is no such file',
    );
  });
});

describe('settings of nodes', () => {
  const settingsOf = (rules: SettingsRule[], list: string) =>
    createNodeSettings(
      defaultNodeSettings,
      rules,
    )(parseNodeList(list, 'list').targets).map((target) => target.settings);

  it('come from every rule that names the node, later ones over earlier ones; tags add up', () => {
    const rules: SettingsRule[] = [
      { pattern: 'gpu[01-02]', settings: { intervalMs: 30_000, tags: ['a100'] } },
      { pattern: '*', settings: { transport: 'openssh', tags: ['lab'] } },
      { pattern: 'gpu?2', settings: { intervalMs: 5_000, tags: ['lab', 'slow'] } },
    ];
    expect(settingsOf(rules, 'gpu[01-03]')).toMatchObject([
      { intervalMs: 30_000, transport: 'openssh', tags: ['a100', 'lab'] },
      { intervalMs: 5_000, transport: 'openssh', tags: ['a100', 'lab', 'slow'] },
      { intervalMs: 10_000, transport: 'openssh', tags: ['lab'] },
    ]);
  });

  it('are found by the name as written or by the host alone', () => {
    const rules = [{ pattern: 'gpu1', settings: { enabled: false } }];
    const enabled = settingsOf(rules, 'ann@gpu1:2222\ngpu1\nann@gpu11').map((settings) => settings.enabled);
    expect(enabled).toEqual([false, false, true]);
    expect(settingsOf([{ pattern: 'ann@gpu1:2222', settings: { enabled: false } }], 'ann@gpu1:2222')).toEqual(
      [{ ...defaultNodeSettings, enabled: false }],
    );
  });

  it('take the characters of a name for themselves', () => {
    const [dotted] = settingsOf([{ pattern: 'a.b*', settings: { enabled: false } }], 'axbc');
    expect(dotted?.enabled).toBe(true);
  });

  it('refuse a pattern that cannot be read, by its text', () => {
    expect(() => createNodeSettings(defaultNodeSettings, [{ pattern: 'gpu[1-', settings: {} }])).toThrow(
      'the pattern "gpu[1-" names no nodes: a [ has no ] behind it',
    );
  });
});
