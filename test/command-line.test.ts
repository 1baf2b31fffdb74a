import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from './fleet/fleet.ts';
import { createHeadProcess, type HeadProcess } from './head-process.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** `scripts/rollcall` and the others, where no head runs. */
describe('the commands', () => {
  const head: HeadProcess = createHeadProcess(null);
  const name = 'localhost';
  beforeAll(() => head.writeList(`${name}\n`));
  afterAll(() => head.dispose());

  it('are found from any folder, and through links to them', async () => {
    const place = mkdtempSync(join(tmpdir(), 'rollcall-links-'));
    try {
      // A folder that is a link itself, and in it a relative link to a link.
      mkdirSync(join(place, 'far', 'bin'), { recursive: true });
      symlinkSync(join(place, 'far', 'bin'), join(place, 'bin'));
      for (const script of ['rollcall', 'kill_monitor.sh']) {
        symlinkSync(join(root, 'scripts', script), join(place, 'far', script));
        symlinkSync(join('..', script), join(place, 'far', 'bin', script));
      }
      const from = (folder: string, ...words: string[]) =>
        runProgram('sh', ['-c', 'cd "$1" && shift && exec "$@"', 'sh', folder, ...words]);
      const state = ['--state-dir', join(place, 'state')];
      for (const folder of ['/', place, join(root, 'src')]) {
        const { code, stdout } = await from(folder, join(place, 'bin', 'rollcall'), '--version');
        expect(code).toBe(0);
        expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
      }
      expect(await from(place, 'bin/kill_monitor.sh', ...state)).toMatchObject({
        code: 0,
        stdout: 'nothing is running\n',
      });
      // What a hint names can be typed where it is printed.
      const elsewhere = await from('/', join(place, 'bin', 'rollcall'), 'status', ...state);
      expect(elsewhere.stderr).toContain(`start one: ${join(root, 'scripts', 'run_monitor.sh')}`);
      const inside = await from(root, 'scripts/rollcall', 'status', ...state);
      expect(inside.stderr).toContain('start one: scripts/run_monitor.sh');
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });

  it.each([['--help'], ['-h'], ['status', '-h'], ['check', '--help'], ['--version'], ['-V']])(
    'answers %j with code 0, and how long that took',
    async (...words) => {
      const beforeMs = performance.now();
      const { code, stdout, stderr } = await runProgram(join(root, 'scripts', 'rollcall'), words);
      console.log(`rollcall ${words.join(' ')}: ${Math.round(performance.now() - beforeMs)} ms`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(['--version', '-V'].includes(words[0] ?? '') ? /^\d+\.\d+\.\d+\n$/ : /--help/);
    },
  );

  it.each([
    [['statsu'], /^rollcall: unknown command "statsu"; did you mean status\? See: \S+ --help\n$/],
    [
      ['gpus', '--srot', 'x'],
      /^rollcall: unknown option --srot; did you mean --sort\? See: \S+ gpus --help\n$/,
    ],
    [['retry', 'n1', '--url', 'http://x'], /^rollcall: retry is for the head's owner.*\n$/],
    [['show', 'n1', '-q', 'x'], /^rollcall: a node and --query do not go together\..*\n$/],
    [['gpus', '--sort'], /^rollcall: --sort needs a value\..*\n$/],
    [[], /^rollcall: name a command: start, stop, .*\n$/],
  ])('refuses %j in one line', async (words, line) => {
    const { code, stdout, stderr } = await runProgram(join(root, 'scripts', 'rollcall'), words);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(line);
  });

  it('template says what is wrong with a design in one line', async () => {
    const place = mkdtempSync(join(tmpdir(), 'rollcall-design-'));
    try {
      writeFileSync(join(place, 'page.html'), '<p>no rows</p>\n');
      writeFileSync(join(place, 'rollcall.toml'), 'design = "page.html"\n');
      const options = ['--config', join(place, 'rollcall.toml')];
      const { code, stderr } = await head.rollcall('template', ...options);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^rollcall: page\.html:\d+: .*\n$/);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });

  it('template writes what the design compiles to', async () => {
    const { stdout, code } = await head.rollcall('template');
    expect({ code, stdout }).toMatchObject({ code: 0 });
    for (const line of stdout.trim().split('\n')) expect(existsSync(line.replace('wrote ', ''))).toBe(true);
  });
});
