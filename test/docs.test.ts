import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import yargs from 'yargs';
import { commandNames, commands } from '../src/cli/commands.ts';
import { ownSections, readConfig } from '../src/config/config.ts';
import { variableOf } from '../src/config/settings/gather.ts';
import { namesOf, titleOf } from '../src/config/settings/section.ts';

/** README.md and docs/ name commands, options and settings: those of the program, all of them, and no others. */

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));
const pageOf = (name: string) => pages.find((page) => page.name === name)?.text ?? '';

interface Code {
  page: string;
  /** Of a fenced block; null within a sentence. */
  language: string | null;
  text: string;
}

const FENCE = /^```(\w*)\n(.*?)^```$/gms;

const codes: Code[] = pages.flatMap(({ name, text }) => [
  ...Array.from(text.matchAll(FENCE), ([, language = '', block = '']) => ({
    page: name,
    language,
    text: block,
  })),
  ...Array.from(text.replace(FENCE, '').matchAll(/`([^`\n]+)`/g), ([, inline = '']) => ({
    page: name,
    language: null,
    text: inline,
  })),
]);

/** Names of options, with dashes, of every command. */
const optionsOf = new Map<string, Set<string>>();

beforeAll(async () => {
  for (const [index, { load }] of commands.entries()) {
    const { builder } = await load();
    const parser = yargs([]).help().alias('help', 'h').version('1').alias('version', 'V').wrap(null);
    if (typeof builder === 'function') await builder(parser);
    const help = await parser.getHelp();
    const lines = help.split('\n').filter((line) => /^\s+-/.test(line));
    const options = lines.flatMap(
      (line) =>
        line
          .trim()
          .split('  ')[0]
          ?.match(/--?[a-zA-Z][\w-]*/g) ?? [],
    );
    optionsOf.set(commandNames[index] ?? '', new Set(options));
  }
});

const scripts = new Map([
  ['run_monitor.sh', 'start'],
  ['kill_monitor.sh', 'stop'],
]);

interface Call {
  page: string;
  line: string;
  command: string;
  options: string[];
}

/** A line that calls the program, in whole words; null for one that calls another. */
function callOf(page: string, line: string): Call | null {
  const words = line.replace(/(?:^|\s)#.*| [|&;>].*|'[^']*'|"[^"]*"/g, '').match(/[^\s[\](),]+/g) ?? [];
  const [program = '', ...rest] = words.filter((word) => !/^[A-Z_]+=/.test(word) && word !== '$');
  const [, name = ''] =
    /^(?:\.?\/?scripts\/)?(rollcall|run_monitor\.sh|kill_monitor\.sh)$/.exec(program) ?? [];
  if (name === '') return null;
  const command = scripts.get(name) ?? rest.find((word) => /^[a-z]/.test(word)) ?? '';
  const options = rest
    .filter((word) => /^(?:--[a-z]|-[a-zA-Z]$)/.test(word))
    .map((word) => word.replace(/=.*/, ''));
  return { page, line, command, options };
}

const calls = codes.flatMap(({ page, text }) =>
  text.split('\n').flatMap((line) => callOf(page, line.trim()) ?? []),
);

/** Pages for users. The others have colours of style sheets and options of other programs in their sentences. */
const manual = [
  'README.md',
  ...['commands', 'settings', 'logins', 'search', 'gpus-and-jobs'].map((name) => `docs/${name}.md`),
];

/** The first words of the tables of docs/commands.md: `jobs [--user NAME]`. */
const tableCalls = Array.from(
  pageOf('docs/commands.md').matchAll(/^\| (`[^|]*`) \|/gm),
  ([, cell = '']) => cell,
)
  .flatMap((cell) => Array.from(cell.matchAll(/`([a-z][^`]*)`/g), ([, inline = '']) => inline))
  .flatMap((inline) => callOf('docs/commands.md', `rollcall ${inline}`) ?? []);

const allOptions = () => new Set(Array.from(optionsOf.values(), (options) => [...options]).flat());

describe('commands and options that the pages name', () => {
  it('are found', () => {
    expect(calls.length).toBeGreaterThan(20);
    expect(tableCalls.length).toBeGreaterThan(commands.length);
    expect(optionsOf.get('jobs')).toContain('--query');
    expect(callOf('p', "NAME=x ./scripts/rollcall show n1 -q 'a --b' --json | grep --x # --y")).toMatchObject(
      {
        command: 'show',
        options: ['-q', '--json'],
      },
    );
    expect(callOf('p', 'ssh -N scripts/rollcall --no')).toBeNull();
  });

  it('exist', () => {
    const lies = [...calls, ...tableCalls].flatMap(({ page, line, command, options }) => {
      if (command === '') {
        const unknown = options.filter((option) => !['-h', '--help', '-V', '--version'].includes(option));
        return unknown.map((option) => `${page}: ${line}: ${option}`);
      }
      const known = optionsOf.get(command);
      if (known === undefined) return [`${page}: ${line}: there is no command ${command}`];
      return options.filter((option) => !known.has(option)).map((option) => `${page}: ${line}: no ${option}`);
    });
    expect(lies).toEqual([]);
  });

  it('exist also where they stand alone in a sentence', () => {
    const known = allOptions();
    const options = codes

      .filter(
        ({ page, language, text }) => language === null && text.startsWith('--') && manual.includes(page),
      )
      .flatMap(({ page, text }) =>
        (text.match(/(?<=^|\s)--[a-z][\w-]*/g) ?? []).map((option) => [page, option]),
      );
    expect(options.length).toBeGreaterThan(20);
    expect(options.filter(([, option = '']) => !known.has(option))).toEqual([]);
  });
});

describe('files of the source that the pages name', () => {
  const folders = ['src', 'test', 'static', 'scripts', 'bench'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((file) => `/${folder}/${String(file)}`),
  );

  it('exist, by the end of their path', () => {
    const named = codes
      .filter(({ language }) => language === null)
      .flatMap(({ page, text }) =>
        // With a word in capitals it is a pattern.
        (text.match(/[\w./-]+\.ts\b(?![\w/])/g) ?? [])
          .filter((file) => !/[A-Z]{2}/.test(file))
          .map((file) => ({ page, file })),
      );
    expect(named.length).toBeGreaterThan(80);
    const lies = named.filter(
      ({ file }) => !files.some((path) => path.endsWith(`/${file.replace(/^\//, '')}`)),
    );
    expect(lies).toEqual([]);
  });
});

describe('docs/commands.md', () => {
  const page = pageOf('docs/commands.md');

  it('names every command', () => {
    const named = new Set(tableCalls.map(({ command }) => command));
    expect(commandNames.filter((name) => !named.has(name))).toEqual([]);
  });

  it('names every option', () => {
    const named = new Set(page.match(/(?<=[`\s[])--?[a-zA-Z][\w-]*/g));
    const aliases: Record<string, string> = { '--query': '-q', '--version': '-V', '--help': '-h' };
    const missing = [...allOptions()].filter(
      (option) => !named.has(option) && !named.has(aliases[option] ?? ''),
    );
    expect(missing).toEqual([]);
  });
});

describe('settings that the pages name', () => {
  const page = pageOf('docs/settings.md');
  const titles = ownSections.filter(({ name }) => name !== '').map((section) => titleOf(section));
  const allNames = new Set(ownSections.flatMap(namesOf));
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'docs-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('can be read where they stand as a file', () => {
    const blocks = codes.filter(({ language }) => language === 'toml');
    expect(blocks.length).toBeGreaterThan(2);
    for (const { text } of blocks) {
      writeFileSync(join(folder, 'rollcall.toml'), text);
      expect(() =>
        readConfig({ flags: {}, environment: {}, workingFolder: folder, projectFolder: folder }),
      ).not.toThrow();
    }
  });

  it('exist where a sentence says what one is to be', () => {
    const said = codes.flatMap(({ page: name, language, text }) => {
      const [, setting] = /^([a-z][a-z-]*) = \S/.exec(text) ?? [];
      return language === null && setting !== undefined ? [[name, setting]] : [];
    });
    expect(said.length).toBeGreaterThan(3);
    expect(said.filter(([, setting = '']) => !allNames.has(setting))).toEqual([]);
  });

  it('exist as variables', () => {
    const flat = ownSections.filter(({ isFlat }) => isFlat).flatMap(namesOf);
    const known = new Set(['ROLLCALL_', 'ROLLCALL_URL', 'ROLLCALL_HISTORY_URL', ...flat.map(variableOf)]);
    const said = pages.flatMap(({ name, text }) =>
      (text.match(/\bROLLCALL_[A-Z_]*/g) ?? []).map((variable) => [name, variable]),
    );
    expect(said.length).toBeGreaterThan(3);
    expect(said.filter(([, variable = '']) => !known.has(variable))).toEqual([]);
  });

  /** Names in the first column of the tables with this heading below a heading of the page. */
  function tabled(heading: string, column: string): string[] {
    const [, part = ''] = new RegExp(`^#+ ${heading}\\n(.*?)(?=^#|$(?![^]))`, 'ms').exec(page) ?? [];
    const [, rows = ''] =
      new RegExp(`^\\| ${column} \\|.*\\n\\|[-|]+\\n((?:\\|.*\\n)+)`, 'm').exec(part) ?? [];
    return rows
      .split('\n')
      .flatMap((row) => row.split(' | ')[0]?.match(/`[^`]+`/g) ?? [])
      .map((name) => name.slice(1, -1));
  }

  it.each([
    ['Settings', ''],
    ['Marks', 'marks'],
    ['History', 'history'],
    ['Single nodes', 'nodes'],
  ])('are those of the program, and all of them, under "%s"', (heading, name) => {
    const section = ownSections.find((found) => found.name === name);
    expect(section).toBeDefined();
    expect(tabled(heading, 'name').sort()).toEqual(section && namesOf(section).sort());
  });

  it('have all sections of the program', () => {
    expect(tabled('Settings', 'section').sort()).toEqual(titles.sort());
    expect(['', 'marks', 'history', 'nodes']).toEqual(ownSections.map(({ name }) => name));
  });
});
