import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settingsCommand } from './ask-ssh.ts';
import { readSignature } from './file-signature.ts';
import { type RunTool, runTool, ToolMissingError } from './run-tool.ts';
import { listConfigFiles, parseConfigFile } from './ssh-config-files.ts';
import { createSettingsResolver } from './ssh-settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const place = { host: 'n1', user: null, port: null };
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** Counts calls; answers as ssh would. */
function fakeSsh(answer: Partial<Awaited<ReturnType<RunTool>>> = {}) {
  const calls: string[][] = [];
  const run: RunTool = async (_, args) => {
    calls.push([...args]);
    return { code: 0, stdout: 'hostname n1\nport 22\nuser lab\n', stderr: '', ...answer };
  };
  return { calls, run };
}

const resolverFor = (sshConfigFile: string | null, run: RunTool) =>
  createSettingsResolver({ sshConfigFile, home: folder, environment: {}, run });

describe('createSettingsResolver', () => {
  it('asks as a person would type', () => {
    expect(settingsCommand('/c', { host: 'n1', user: 'u', port: 2 })).toEqual([
      '-T',
      '-G',
      '-F',
      '/c',
      '-p',
      '2',
      '-l',
      'u',
      '--',
      'n1',
    ]);
  });

  it('asks once for many at the same time, and again when a file changed', async () => {
    const file = write('config', 'Host n1\n');
    const { calls, run } = fakeSsh();
    const resolver = resolverFor(file, run);
    await Promise.all(Array.from({ length: 50 }, () => resolver.resolve(place)));
    expect(calls).toHaveLength(1);
    await resolver.resolve({ ...place, port: 2222 });
    expect(calls).toHaveLength(2);
    write('config', 'Host n1\n  Port 2200\n');
    await sleep(1_100);
    await resolver.resolve(place);
    expect(calls).toHaveLength(3);
  });

  it('names the files that a refused login rests on', async () => {
    const stdout = 'identityfile /k\nuserknownhostsfile /u\nidentityagent /a\nrevokedhostkeys /r\n';
    const config = write('config', '');
    const resolver = resolverFor(config, fakeSsh({ stdout }).run);
    await resolver.resolve(place);
    expect([...resolver.accessFiles()].sort()).toEqual(
      ['/a', '/k', '/k-cert.pub', '/r', '/u', config].sort(),
    );
  });

  it('does not keep a failure', async () => {
    const answer = { code: 255, stderr: 'config line 1: Bad configuration option: foo\n' };
    const { calls, run } = fakeSsh(answer);
    const resolver = resolverFor(write('config', ''), run);
    const detail = { cause: 'config', detail: 'config line 1: Bad configuration option: foo' };
    await expect(resolver.resolve(place)).rejects.toMatchObject({ detail });
    await expect(resolver.resolve(place)).rejects.toMatchObject({ detail });
    expect(calls).toHaveLength(2);
  });

  it('tells what is wrong, not how much is', async () => {
    const lines = ['c: line 3: Bad configuration option: foo', 'c: terminating, 1 bad configuration options'];
    const { run } = fakeSsh({ code: 255, stderr: `${lines.join('\r\n')}\r\n` });
    const refused = expect(resolverFor(write('config', ''), run).resolve(place)).rejects;
    await refused.toMatchObject({ detail: { cause: 'config', detail: lines[0] }, lastLines: lines });
  });

  it('takes a name that cannot be made canonical for one that does not resolve', async () => {
    const { run } = fakeSsh({ code: 255, stderr: 'ssh: Could not resolve host "n1"\n' });
    const refused = expect(resolverFor(write('config', ''), run).resolve(place)).rejects;
    await refused.toMatchObject({ detail: { cause: 'dns' } });
  });

  it('says how to install ssh', async () => {
    const run: RunTool = async (tool) => {
      throw new ToolMissingError(tool);
    };
    const detail = { cause: 'tool-missing', tool: 'ssh', hint: 'Install it: apt-get install openssh-client' };
    await expect(resolverFor(null, run).resolve(place)).rejects.toMatchObject({ detail });
  });
});

describe('listConfigFiles', () => {
  it('follows Include, relative to ~/.ssh, with wildcards and quotes', async () => {
    mkdirSync(join(folder, '.ssh', 'conf.d'), { recursive: true });
    const main = write(
      'main',
      'include conf.d/*.conf "conf.d/with space"\r\nInclude=~/other\n# Include no\n',
    );
    for (const name of ['.ssh/conf.d/a.conf', '.ssh/conf.d/b.conf', '.ssh/conf.d/with space', 'other'])
      write(name, '');
    const { paths, runsPrograms } = await listConfigFiles(main, folder, {});
    const named = [
      'main',
      '.ssh/conf.d/a.conf',
      '.ssh/conf.d/b.conf',
      '.ssh/conf.d/with space',
      'other',
      '.ssh/conf.d',
    ];
    expect([...paths].sort()).toEqual(named.map((name) => join(folder, name)).sort());
    expect(runsPrograms).toBe(false);
  });

  it('looks below HOME for what Include names, as the C library does', async () => {
    const main = write('main', 'Include a ~/b\n');
    const { paths } = await listConfigFiles(main, '/nowhere', { HOME: folder });
    expect(paths).toEqual([main, join(folder, '.ssh', 'a'), join(folder, 'b')]);
  });

  it('tells what the files were before they were read', async () => {
    write('a.conf', 'Host n1\n');
    const { paths, signature } = await listConfigFiles(
      write('main', `Include ${folder}/*.conf\n`),
      folder,
      {},
    );
    expect(signature).toBe(await readSignature(paths));
    write('b.conf', 'Host n2\n');
    expect(signature).not.toBe(await readSignature(paths));
  });

  it('knows nothing of what cannot be read', async () => {
    const telling = async (include: string) =>
      (await listConfigFiles(write('main', `Include ${folder}/${include}\n`), folder, {})).telling.unclear;
    mkdirSync(join(folder, 'conf.d'));
    symlinkSync('loop', join(folder, 'loop'));
    expect(await telling('missing')).toBe(false);
    expect(await telling('conf.d')).toBe(false);
    expect(await telling('loop')).toBe(true);
    expect(await telling('loop/*')).toBe(true);
  });

  it('stops at files that include themselves', async () => {
    const file = join(folder, 'main');
    write('main', `Include ${file}\n`);
    expect((await listConfigFiles(file, folder, {})).paths).toEqual([file]);
  });

  it.each([
    ['Match exec "test -f /x"', true],
    ['Match host a !exec "x"', true],
    ['Match exec "x"\r\n', true],
    ['Match localnetwork 10.0.0.0/8', true],
    ['match originalhost=a', false],
    ['Host exec', false],
  ])('sees whether "%s" may answer otherwise at any time: %s', (line, expected) => {
    expect(parseConfigFile(line).runsPrograms).toBe(expected);
  });
});

describe('runTool', () => {
  it('tells code, output and what is missing', async () => {
    expect(await runTool('sh', ['-c', 'cat; echo e >&2; exit 3'], 'in')).toEqual({
      code: 3,
      stdout: 'in',
      stderr: 'e\n',
    });
    await expect(runTool('no-such-tool', [])).rejects.toBeInstanceOf(ToolMissingError);
  });

  it('runs a few at a time', async () => {
    let most = 0;
    const children = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;
    const before = children();
    const timer = setInterval(() => {
      most = Math.max(most, children() - before);
    }, 5);
    const ran = await Promise.all(Array.from({ length: 24 }, () => runTool('sleep', ['0.05'])));
    clearInterval(timer);
    expect(ran.every(({ code }) => code === 0)).toBe(true);
    expect(most).toBeLessThanOrEqual(8);
    expect(most).toBeGreaterThan(1);
  });
});
