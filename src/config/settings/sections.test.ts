import { chmodSync, linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readConfig } from '../config.ts';
import { type Section, secretOrFile, sectionOf } from './section.ts';

/** Sections as rooms hand them in. */

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sections-'));
  file = join(folder, 'rollcall.toml');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const section = <Kind extends 'table' | 'named' | 'list', Shape extends z.ZodRawShape>(
  name: string,
  kind: Kind,
  shape: Shape,
): Section<Kind, Shape> => ({
  name,
  kind,
  schema: z.strictObject(shape),
  means: 'for a test',
  afterRestart: 'all',
});

const past = section('past', 'table', { days: z.number().min(1).default(7), folder: z.string().optional() });
const ways = section('ways', 'named', {
  type: z.enum(['mail', 'hook']),
  ...secretOrFile('token'),
});
const rules = section('rules', 'list', { when: z.string(), 'for-minutes': z.number().default(5) });

function read(text: string, mode = 0o600) {
  writeFileSync(file, text);
  chmodSync(file, mode);
  const sections = [past, ways, rules];
  return readConfig({ flags: {}, environment: {}, workingFolder: '/', projectFolder: folder, sections });
}

function refusal(text: string, mode?: number): string {
  try {
    read(text, mode);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'taken';
}

describe('sections of rooms', () => {
  it('have their defaults where nothing stands in the file', () => {
    const { sections } = read('');
    expect(sectionOf(sections, past)).toEqual({ days: 7 });
    expect(sectionOf(sections, ways)).toEqual(new Map());
    expect(sectionOf(sections, rules)).toEqual([]);
  });

  it('are read as their schemas say, beside the settings of before', () => {
    const text = 'port = 1\n[past]\ndays = 9\n[ways.b]\ntype = "hook"\n[ways.a]\ntype = "mail"\n';
    const { sections, port, inForce } = read(
      `${text}[[rules]]\nwhen = "x"\n[[rules]]\nwhen = "y"\nfor-minutes = 1\n`,
    );
    expect(port).toBe(1);
    expect(sectionOf(sections, past).days).toBe(9);
    expect([...sectionOf(sections, ways)]).toEqual([
      ['b', { type: 'hook' }],
      ['a', { type: 'mail' }],
    ]);
    expect(sectionOf(sections, rules)).toEqual([
      { when: 'x', 'for-minutes': 5 },
      { when: 'y', 'for-minutes': 1 },
    ]);
    const told = inForce.map(
      ({ name, text: said, origin }) => `${name} ${said} ${origin.place.replace(file, '')}`,
    );
    expect(told).toEqual(
      expect.arrayContaining([
        'past.days 9 :3',
        'ways.a.type "mail" :7',
        'rules.1.for-minutes 5 default',
        'rules.2.for-minutes 1 :12',
      ]),
    );
  });

  it.each([
    ['[past]\ndays = 0', ':2: past.days = 0: '],
    ['[past]\nday = 3', ':2: there is no setting "day" in [past]; did you mean days?'],
    ['days = 3', ':1: there is no setting "days"; it belongs into [past]'],
    ['[past]\nwhen = "x"', ':2: there is no setting "when" in [past]; it belongs into [[rules]]'],
    ['[pasta]\ndays = 3', ':1: there is no section [pasta]; did you mean [past]?'],
    ['[[past]]\ndays = 3', ':1: past is no setting but a section: write [past]'],
    ['[rules]\nwhen = "x"', ':1: rules is no setting but a section: write [[rules]]'],
    ['[[rules]]\nwhen = "x"\n[[rules]]\nfor-minutes = 1', ':3: rules.2.when is missing: '],
    ['[ways]\ntoken = "hush"', ':2: ways.token is no setting but a section: write [ways.NAME]'],
    ['[ways.x]\ntype = "pigeon"', ':2: ways.x.type = "pigeon": '],
    ['[secrets]\ntoken = "hush"', ':1: there is no section [secrets]. The sections are: [marks], '],
  ])('refuse %j with place, value and remedy', (text, reason) => {
    expect(refusal(text)).toContain(`${file}${reason}`);
    expect(refusal(text)).not.toContain('hush');
  });

  it('are not there for whom nobody handed them in', () => {
    expect(() => sectionOf(read('').sections, { ...past, name: 'other' })).toThrow(
      '[other] was not handed in',
    );
  });
});

describe('a secret or its file', () => {
  const secretFile = () => join(folder, 'token');
  const named = (path = 'token') => `[ways.x]\ntype = "hook"\ntoken-file = "${path}"\n`;
  const written = (text: string, mode = 0o600) => {
    writeFileSync(secretFile(), text);
    chmodSync(secretFile(), mode);
  };
  const tokenOf = (config: ReturnType<typeof read>) => sectionOf(config.sections, ways).get('x')?.token;

  it('is read from the settings and from its file, and never told', () => {
    const own = read('[ways.x]\ntype = "hook"\ntoken = "hush"\n');
    expect(tokenOf(own)).toBe('hush');
    written('hush 2\n');
    const fromFile = read(named());
    expect(tokenOf(fromFile)).toBe('hush 2');
    const told = (config: ReturnType<typeof read>) =>
      config.inForce.find(({ name }) => name === 'ways.x.token');
    expect(told(own)).toMatchObject({ text: 'set', value: null });
    expect(told(fromFile)).toMatchObject({ text: `set, from ${secretFile()}`, value: null });
    expect(JSON.stringify([own.inForce, fromFile.inForce])).not.toContain('hush');
  });

  it('may be absent', () => {
    const config = read('[ways.x]\ntype = "hook"\n');
    expect(tokenOf(config)).toBeUndefined();
    expect(config.inForce.some(({ name }) => name.includes('token'))).toBe(false);
  });

  it('is no flag and no variable', () => {
    writeFileSync(file, '[ways.x]\ntype = "hook"\n');
    const words = { flags: { token: 'hush' }, environment: { ROLLCALL_TOKEN: 'hush' } };
    const config = readConfig({ ...words, workingFolder: '/', projectFolder: folder, sections: [ways] });
    expect(tokenOf(config)).toBeUndefined();
  });

  it.each([
    [
      'hush',
      0o640,
      `:3: token-file = "PATH" is not used: others can read it; close it first: chmod 600 PATH`,
    ],
    ['', 0o600, ':3: ways.x.token (in its file): is empty'],
    ['hush'.repeat(2_000), 0o600, ':3: ways.x.token (in its file): is longer than 4,096 characters'],
  ])('in a file of %j and mode %o is refused', (text, mode, reason) => {
    written(text, mode);
    expect(refusal(named())).toBe(file + reason.replaceAll('PATH', secretFile()));
  });

  it('is not taken from what others could have put there', () => {
    expect(refusal(named())).toContain(
      `${file}:3: token-file = "${secretFile()}" is not used: there is no such file`,
    );
    written('hush');
    symlinkSync(secretFile(), join(folder, 'link'));
    expect(refusal(named('link'))).toContain('it is a symbolic link');
    linkSync(secretFile(), join(folder, 'second'));
    expect(refusal(named())).toContain('it has a second name (hard link)');
    expect(refusal(named('.'))).toContain('it is not a regular file');
  });

  it.each([
    [
      '[ways.x]\ntype = "hook"\ntoken = "hush"\ntoken-file = "x"',
      0o600,
      'token and token-file both stand in [ways.x]',
    ],
    ['[ways.x]\ntype = "hook"\ntoken = ["hush"]', 0o600, ':3: ways.x.token: must be text'],
    ['[ways.x]\ntype = "hook"\ntoken = "hush"', 0o644, 'others can read this file: chmod 600 '],
    ['[ways.x]\ntype = "hook"\ntoken = "hush" "hush"', 0o600, ':3: this is not TOML: '],
    ['token = "hush"', 0o600, 'it belongs into [ways.NAME]'],
    ['[past]\ntokens = "hush"', 0o600, 'did you mean token, which belongs into [ways.NAME]'],
  ])('is not told where the settings are wrong: %j, mode %o', (text, mode, reason) => {
    expect(refusal(text, mode)).toContain(reason);
    expect(refusal(text, mode)).not.toContain('hush');
  });
});
