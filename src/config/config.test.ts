import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ConfigSources, readConfig } from './config.ts';
import { processIdentity } from './process-identity.ts';
import { isRunning, openStateFolder, readRecord, removeRecord, writeRecord } from './state-folder.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (more: Partial<ConfigSources> = {}) =>
  readConfig({ flags: {}, environment: {}, workingFolder: '/work-folder', projectFolder: folder, ...more });

describe('readConfig', () => {
  it('has defaults that need no file', () => {
    expect(read({ environment: { XDG_STATE_HOME: '/state' } })).toMatchObject({
      nodeList: join(folder, 'node-list.txt'),
      sshConfig: null,
      host: '127.0.0.1',
      port: 7070,
      stateDir: `/state/rollcall/${hostname()}`,
      public: false,
      demo: false,
    });
  });

  it('lets flags win over the environment, that over the file; paths count from where they stand', () => {
    writeFileSync(
      join(folder, 'rollcall.toml'),
      'port = 1000\nhost = "localhost"\nnode-list = "nodes"\nallowed-hosts = ["gpu.lab"]\n',
    );
    const environment = { ROLLCALL_PORT: '2000', ROLLCALL_SSH_CONFIG: 'cfg', ROLLCALL_DEMO: '1' };
    expect(read({ environment })).toMatchObject({
      port: 2000,
      host: 'localhost',
      nodeList: join(folder, 'nodes'),
      sshConfig: '/work-folder/cfg',
      allowedHosts: ['gpu.lab'],
      demo: true,
    });
    expect(read({ environment, flags: { port: 3000, 'node-list': 'mine' } })).toMatchObject({
      port: 3000,
      nodeList: '/work-folder/mine',
    });
  });

  it('takes settings of nodes in the order of the file', () => {
    writeFileSync(
      join(folder, 'rollcall.toml'),
      'interval-seconds = 20\n[nodes."gpu[01-04]"]\ntransport = "openssh"\ninterval-seconds = 30\nruntime = "/opt/node/bin/node"\n' +
        '[nodes."*"]\ntags = ["lab"]\nenabled = false\nwatched-interval-seconds = 0.5\nstage-seconds = 60\n',
    );
    expect(read()).toMatchObject({
      intervalMs: 20_000,
      watchedIntervalMs: 1_000,
      nodeRules: [
        {
          pattern: 'gpu[01-04]',
          settings: { transport: 'openssh', intervalMs: 30_000, runtime: '/opt/node/bin/node' },
        },
        {
          pattern: '*',
          settings: { tags: ['lab'], enabled: false, watchedIntervalMs: 500, stageMs: 60_000 },
        },
      ],
    });
  });

  it.each([
    ['[nodes."x y"]\ntransport = "foo"', 'rollcall.toml:2: nodes."x y".transport = "foo": '],
    ['[nodes.x]\nruntime = "node; reboot"', ':2: nodes.x.runtime = "node; reboot": must be an absolute path'],
    ['[nodes.x]\ntags = ["a b"]', ':2: nodes.x.tags.0 = "a b": must be a word'],
    ['[nodes.x]\nstage-seconds = 121', ':2: nodes.x.stage-seconds = 121: must be at most 120 s'],
    ['[nodes.x]\nstage-seconds = 0', ':2: nodes.x.stage-seconds = 0: must be at least 1 s'],
    ['\ninterval-seconds = 0', ':2: interval-seconds = 0: must be at least 0.2 s'],
    ['handshakes = 0', ':1: handshakes = 0: '],
    ['port = "x"', ':1: port = "x": not a port (0 to 65535)'],
    ['port = 70000', ':1: port = 70000: not a port (0 to 65535)'],
    ['port = 70.5', ':1: port = 70.5: not a port (0 to 65535)'],
    ['\nport = ', 'rollcall.toml:2: this is not TOML: '],
    [
      '\nhost = "0.0.0.0"',
      'rollcall.toml:2: host = "0.0.0.0" would show the page to other machines: add --public',
    ],
    ['public = "yes"', ':1: public = "yes":'],
    ['[marks]\nhotter-celsius = 0', ':2: marks.hotter-celsius = 0: '],
    ['colour = 1', ':1: there is no setting "colour". The settings are: node-list, design,'],
    ['colour = 1', 'The sections are: [marks], [history], [nodes."PATTERN"]'],
    ['handshake = 1', ':1: there is no setting "handshake"; did you mean handshakes?'],
    ['interval = 1', 'did you mean interval-seconds?'],
    ['tags = ["x"]', 'there is no setting "tags"; it belongs into [nodes."PATTERN"]'],
    ['[marks]\nport = 1', ':2: there is no setting "port" in [marks]; it belongs above all sections'],
    [
      '[marks]\nenable = true',
      'in [marks]; did you mean enabled, which belongs into [history] or enabled, which belongs into [nodes."PATTERN"]?',
    ],
    ['[marks]\nfoo = 1', 'in [marks]. The settings there are: held-idle-minutes, ghost-mebibytes, '],
    ['[nodes.x]\nhotter-celsius = 1', 'in [nodes.x]; it belongs into [marks]'],
    ['[nodes.x]\nenable = true', ':2: there is no setting "enable" in [nodes.x]; did you mean enabled?'],
    ['[node.x]\nenabled = true', ':1: there is no section [node]; did you mean [nodes."PATTERN"]?'],
    ['[[colours]]\na = 1', 'there is no section [colours]. The sections are: [marks],'],
    ['nodes = 3', ':1: nodes is no setting but a section: write [nodes."PATTERN"]'],
    ['[nodes]\nx = 3', ':2: nodes.x is no setting but a section: write [nodes."PATTERN"]'],
    ['marks = 3', ':1: marks is no setting but a section: write [marks]'],
    ['hotter-celsius = 3\n[marks]\nhotter-celsius = 4', ':3: hotter-celsius stands in '],
    ['port = "x"\nhandshake = 1', 'did you mean handshakes?; '],
  ])('refuses %s with place, value and remedy', (text, expected) => {
    writeFileSync(join(folder, 'rollcall.toml'), text);
    expect(() => read()).toThrow(expected);
  });

  it.each([
    ['handshakes = 0', 'handshakes = 0: must be 1 or more'],
    ['handshakes = 1.5', 'handshakes = 1.5: must be a whole number'],
    ['threads = 65', 'threads = 65: must be 64 or less'],
    ['handshakes = "some"', 'handshakes = "some": must be a number'],
    ['node-list = 5', 'node-list = 5: must be a text in quotes'],
    ['host = ""', 'host = "": must not be empty'],
    ['public = "yes"', 'public = "yes": must be true or false'],
    ['allowed-hosts = "a"', 'allowed-hosts = "a": must be a list in square brackets'],
    ['allowed-hosts = ["a", 1]', 'allowed-hosts.1 = 1: must be a text in quotes'],
    ['[nodes.a]\ntransport = "telnet"', '= "telnet": must be auto or ssh2 or openssh'],
    ['[marks]\nlow-power-percent = 101', '= 101: must be 100 or less'],
  ])('says of %s what it must be, in words of its own', (text, expected) => {
    writeFileSync(join(folder, 'rollcall.toml'), text);
    expect(() => read()).toThrow(expected);
  });

  it('takes the thresholds of marks above all sections and in theirs', () => {
    const all = '\n[marks]\nlow-power-percent = 50\nghost-mebibytes = 2\n';
    writeFileSync(join(folder, 'rollcall.toml'), `hotter-celsius = 20${all}`);
    const marks = { heldIdleMs: 1_800_000, ghostBytes: 2 * 1024 ** 2, lowPowerShare: 0.5, hotterCelsius: 20 };
    expect(read().marks).toEqual(marks);
    const environment = { ROLLCALL_LOW_POWER_PERCENT: '10' };
    expect(read({ environment }).marks).toEqual({ ...marks, lowPowerShare: 0.1 });
  });

  it('says where each setting comes from', () => {
    const file = join(folder, 'rollcall.toml');
    writeFileSync(file, 'host = "::1"\n\n[marks]\nhotter-celsius = 20\n[nodes."gpu*"]\ntags = ["a"]\n');
    const environment = { ROLLCALL_PORT: '2000', ROLLCALL_HANDSHAKES: '9' };
    const { inForce } = read({ environment, flags: { port: '3000' } });
    const told = new Map(inForce.map(({ name, text, origin }) => [name, [text, origin.place]]));
    expect(told.get('host')).toEqual(['"::1"', `${file}:1`]);
    expect(told.get('port')).toEqual(['3000', '--port']);
    expect(told.get('handshakes')).toEqual(['9', 'ROLLCALL_HANDSHAKES']);
    expect(told.get('threads')).toEqual(['not set', 'default']);
    expect(told.get('marks.hotter-celsius')).toEqual(['20', `${file}:4`]);
    expect(told.get('marks.ghost-mebibytes')).toEqual(['1024', 'default']);
    expect(told.get('nodes."gpu*".tags')).toEqual(['["a"]', `${file}:6`]);
    expect(told.has('nodes."gpu*".enabled')).toBe(false);
  });

  it('keeps patterns in the order of the file, also those that look like numbers', () => {
    writeFileSync(join(folder, 'rollcall.toml'), '[nodes."*"]\nenabled = false\n[nodes.7]\nenabled = true\n');
    expect(read().nodeRules.map(({ pattern }) => pattern)).toEqual(['*', '7']);
  });

  it('gives the port and the folder of the file to a demo only where that asks for one', () => {
    const file = join(folder, 'rollcall.toml');
    const environment = { XDG_STATE_HOME: '/state' };
    writeFileSync(file, 'port = 1000\nstate-dir = "own"\n');
    expect(read({ environment, flags: { demo: true } })).toMatchObject({
      port: 7071,
      stateDir: `/state/rollcall/${hostname()}-demo`,
    });
    writeFileSync(file, 'demo = true\nport = 1000\nstate-dir = "own"\n');
    expect(read({ environment })).toMatchObject({ demo: true, port: 1000, stateDir: join(folder, 'own') });
  });

  it('names a wrong value as it was given, by a flag or by the environment', () => {
    for (const port of ['x', '', '-1', '65536', '70.5', Number.NaN])
      expect(() => read({ flags: { port } })).toThrow(`--port ${port}: not a port (0 to 65535)`);
    expect(() => read({ environment: { ROLLCALL_PORT: '0x10' } })).toThrow(
      'ROLLCALL_PORT=0x10: not a port (0 to 65535)',
    );
    expect(() => read({ environment: { ROLLCALL_HANDSHAKES: '0' } })).toThrow('ROLLCALL_HANDSHAKES=0: ');
    expect(read({ flags: { port: '65535' } }).port).toBe(65_535);
  });

  it('refuses a settings file that is named and not there', () => {
    expect(() => read({ flags: { config: 'nowhere.toml' } })).toThrow(
      '/work-folder/nowhere.toml cannot be read',
    );
  });

  it('listens elsewhere only with --public', () => {
    expect(() => read({ flags: { host: '192.168.1.5' } })).toThrow('--public');
    expect(read({ flags: { host: '0.0.0.0', public: true } })).toMatchObject({
      host: '0.0.0.0',
      public: true,
    });
    for (const host of ['127.0.0.2', '::1', 'localhost']) expect(read({ flags: { host } }).host).toBe(host);
  });
});

describe('state folder', () => {
  it('is closed to others and keeps its secrets between runs', () => {
    const path = join(folder, 'a', 'b');
    const first = openStateFolder(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, 'token')).mode & 0o777).toBe(0o600);
    expect(openStateFolder(path)).toMatchObject({ headId: first.headId, token: first.token });
    expect(openStateFolder(join(folder, 'c')).headId).not.toBe(first.headId);
  });

  it('does not lock a folder of other things, and closes an open one of its own', () => {
    mkdirSync(join(folder, 'other'), { mode: 0o755 });
    writeFileSync(join(folder, 'other', 'file'), '');
    expect(() => openStateFolder(join(folder, 'other'))).toThrow('holds other files');
    expect(() => openStateFolder(join(folder, 'other', 'file'))).toThrow('cannot be used');
    openStateFolder(join(folder, 'own'));
    chmodSync(join(folder, 'own'), 0o755);
    openStateFolder(join(folder, 'own'));
    expect(statSync(join(folder, 'own')).mode & 0o777).toBe(0o700);
  });

  it('has a socket however long its path is', async () => {
    const state = openStateFolder(join(folder, 'x'.repeat(100), 'y'.repeat(100)));
    const server = createServer((_request, answer) => answer.end('here'));
    await new Promise<void>((resolve) => server.listen(state.socketPath, resolve));
    const answer = await new Promise<string>((resolve, reject) => {
      const asked = request({ socketPath: openStateFolder(state.path).socketPath }, (found) => {
        found.on('data', (chunk: Buffer) => resolve(chunk.toString()));
      });
      asked.on('error', reject);
      asked.end();
    });
    server.close();
    expect(answer).toBe('here');
  });

  it('makes secrets anew that were cut short', () => {
    const state = openStateFolder(join(folder, 's'));
    expect(openStateFolder(state.path)).toMatchObject({ token: state.token, headId: state.headId });
    for (const cut of ['', 'a', state.token.slice(0, -1), `${state.token} `.repeat(2), 'x'.repeat(48)]) {
      writeFileSync(join(state.path, 'token'), cut);
      const { token } = openStateFolder(state.path);
      expect(token).toMatch(/^[0-9a-f]{48}$/);
      expect(openStateFolder(state.path).token).toBe(token);
    }
  });

  it('says why a folder cannot be made', () => {
    expect(() => openStateFolder('/sys/rollcall/state')).toThrow(
      /cannot be used: (?:this user may not write there|its file system is read-only)$/,
    );
  });

  it('has the same secrets for several starts at once', async () => {
    const module = fileURLToPath(new URL('./state-folder.ts', import.meta.url));
    const program = `
      import { openStateFolder } from ${JSON.stringify(module)};
      process.stdin.on('data', (path) => {
        const { headId, token } = openStateFolder(String(path).trim());
        console.log(headId + token);
      });
      console.log('ready');`;
    const starts = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      return { child, next: async () => String((await lines.next()).value) };
    });
    for (const { next } of starts) expect(await next()).toBe('ready');
    for (let round = 0; round < 20; round += 1) {
      const path = join(folder, `s${round}`);
      for (const { child } of starts) child.stdin.write(`${path}\n`);
      const said = new Set(await Promise.all(starts.map(({ next }) => next())));
      expect([...said]).toEqual([openStateFolder(path).headId + openStateFolder(path).token]);
    }
    for (const { child } of starts) child.stdin.end();
  }, 30_000);

  it('tells a running head from one whose number another program has now', () => {
    const state = openStateFolder(join(folder, 's'));
    expect(readRecord(state)).toBeNull();
    const identity = processIdentity(process.pid);
    if (identity === null) throw new Error('no /proc');
    const record = {
      pid: process.pid,
      ...identity,
      url: 'http://127.0.0.1:1/',
      nodeList: 'n',
      sshConfig: null,
      demo: false,
    };
    writeRecord(state, record);
    expect(readRecord(state)).toEqual(record);
    expect(isRunning(record)).toBe(true);
    expect(isRunning({ ...record, startTicks: record.startTicks - 1 })).toBe(false);
    expect(isRunning({ ...record, bootId: 'other' })).toBe(false);
    removeRecord(state, process.pid + 1);
    expect(readRecord(state)).toEqual(record);
    removeRecord(state, process.pid);
    expect(readRecord(state)).toBeNull();
    writeFileSync(state.recordPath, '{"pid":');
    expect(readRecord(state)).toBeNull();
    expect(readFileSync(state.recordPath, 'utf8')).toBe('{"pid":');
  });
});
