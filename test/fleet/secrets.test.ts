import { chmodSync, linkSync, readFileSync, symlinkSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FleetSshd, fleet, requireFleet, runProgram } from './fleet.ts';
import { type AttemptOptions, createScenario, type Scenario } from './ssh-scenario.ts';

const PASSWORD = 'correct horse 5tapl3';
const WRONG = 'wr0ng battery';

let scenario: Scenario;
const servers: FleetSshd[] = [];

beforeAll(async () => {
  if (!fleet) return;
  const { stdout } = await runProgram('openssl', ['passwd', '-6', PASSWORD]);
  for (const node of [1, 2]) await requireFleet().exec(node, `usermod -p '${stdout.trim()}' ops`);
});
beforeEach(() => {
  if (fleet) scenario = createScenario();
});
afterEach(async () => {
  scenario?.end();
  for (const sshd of servers.splice(0)) await sshd.stop();
});

const onlyPassword = ['PubkeyAuthentication no', 'PasswordAuthentication yes', 'UsePAM yes'];
const onlyKeyboard = [
  'PubkeyAuthentication no',
  'PasswordAuthentication no',
  'KbdInteractiveAuthentication yes',
  'UsePAM yes',
];
const keyAndKeyboard = [
  'AuthenticationMethods publickey,keyboard-interactive',
  'KbdInteractiveAuthentication yes',
  'UsePAM yes',
];

async function server(node: number, port: number, lines: readonly string[]): Promise<FleetSshd> {
  const sshd = await requireFleet().startSshd(node, port, ['LogLevel VERBOSE', 'MaxAuthTries 10', ...lines]);
  servers.push(sshd);
  return sshd;
}

/** Known hosts for every port, so that servers on any of them are known. */
function config(...lines: string[]): string {
  const { hostKey, knownHostsFile } = requireFleet();
  const known = [1, 2, 3].map((node) => `10.78.0.1${node},[10.78.0.1${node}]:* ${hostKey(node, 'ed25519')}`);
  const file = scenario.write('known-ports', `${known.join('\n')}\n`);
  return scenario.config(...lines, `UserKnownHostsFile ${file} ${knownHostsFile}`);
}

const failures = (log: string) =>
  log.split('\n').filter((line) => /^Failed (password|keyboard-interactive)/.test(line)).length;

const transports = [['ssh2'], ['openssh']] as const;

describe.runIf(fleet).each(transports)('passwords through %s', (by) => {
  it.each([
    ['password alone', 2501, onlyPassword],
    ['keyboard-interactive alone', 2502, onlyKeyboard],
    ['a key and keyboard-interactive', 2503, keyAndKeyboard],
  ])('get in with %s', async (_, port, lines) => {
    await server(1, port, lines);
    const passwordFile = scenario.write('passwords', `# mine\n\nops@n1   ${PASSWORD}\n`);
    const access = scenario.access(config(), { passwordFile });
    const { failure, output } = await scenario.attempt('', 'n1', { by, access, port });
    expect(failure).toBeNull();
    expect(output).toBe('in\n');
    expect(access.secrets.questions()).toEqual([]);
  });

  it.each([
    ['password', 2504, onlyPassword],
    ['keyboard-interactive', 2505, onlyKeyboard],
  ])('are offered once where they are wrong (%s)', async (_, port, lines) => {
    const sshd = await server(1, port, lines);
    const passwordFile = scenario.write('passwords', `n* ${WRONG}\n`);
    const access = scenario.access(config(), { passwordFile });
    const options: AttemptOptions = { by, access, port };
    const { failure } = await scenario.attempt('', 'n1', options);
    expect(failure).toMatchObject({ cause: 'auth', needsPerson: true });
    expect(failure?.message).toContain('the password given was refused');
    expect(failure?.hint).toContain('scripts/rollcall unlock');
    expect(failures(await sshd.log())).toBe(1);
    expect((await scenario.attempt('', 'n1', options)).failure?.cause).toBe('auth');
    expect(failures(await sshd.log())).toBe(1);
  });

  it('are not made up: without one the server hears none, and a person is asked', async () => {
    const sshd = await server(1, 2506, onlyPassword);
    const access = scenario.access(config());
    const options: AttemptOptions = { by, access, port: 2506 };
    const { failure } = await scenario.attempt('', 'n1', options);
    expect(failure).toMatchObject({ cause: 'auth', needsPerson: true });
    expect(failure?.message).toContain('nobody has said the password of ops@n1 yet');
    expect(failures(await sshd.log())).toBe(0);
    const [question] = access.secrets.questions();
    expect(question).toMatchObject({ text: 'password of ops', nodes: ['n1'], refused: false });
    const revision = access.secrets.revision('n1');
    expect(access.secrets.answer(question?.id ?? '', PASSWORD)).toBe(true);
    expect(access.secrets.revision('n1')).toBeGreaterThan(revision);
    expect((await scenario.attempt('', 'n1', options)).failure).toBeNull();
    expect(access.secrets.questions()).toEqual([]);
  });

  it('are not offered where a key got in before, until a person says so', async () => {
    const port = 2530;
    const passwordFile = scenario.write('passwords', `* ${PASSWORD}\n`);
    const access = scenario.access(config(), { passwordFile });
    const options: AttemptOptions = { by, access, port, demanded: true };
    const before = await requireFleet().startSshd(1, port, []);
    expect((await scenario.attempt('', 'n1', options)).failure).toBeNull();
    await before.stop();
    // As a server would that somebody has taken over.
    const sshd = await server(1, port, onlyPassword);
    const { failure } = await scenario.attempt('', 'n1', options);
    expect(failure).toMatchObject({ cause: 'auth', needsPerson: true });
    expect(failure?.message).toContain('a key got in here before');
    expect(failure?.hint).toContain('scripts/rollcall unlock');
    expect(await sshd.log()).not.toMatch(/password for ops/i);
    // After a restart as well.
    access.dispose();
    const again = scenario.access(config(), { passwordFile });
    expect((await scenario.attempt('', 'n1', { ...options, access: again })).failure?.cause).toBe('auth');
    expect(await sshd.log()).not.toMatch(/password for ops/i);
    const [question] = again.secrets.questions();
    expect(question?.text).toContain('ops@n1, where a key got in before');
    expect(again.secrets.answer(question?.id ?? '', PASSWORD)).toBe(true);
    expect((await scenario.attempt('', 'n1', { ...options, access: again })).failure).toBeNull();
  });

  it('of jump hosts are asked for by their own names', async () => {
    const sshd = await server(1, 2507, onlyPassword);
    const jumping = config('Host n2', '  ProxyJump n1:2507');
    const access = scenario.access(jumping);
    const options: AttemptOptions = { by, access };
    const { failure } = await scenario.attempt('', 'n2', options);
    expect(failure).toMatchObject({ cause: 'proxy', needsPerson: true });
    expect(failure?.message).toContain('jump host n1:2507');
    expect(failure?.message).toContain('nobody has said the password of ops@n1 yet');
    expect(failures(await sshd.log())).toBe(0);
    access.secrets.answer(access.secrets.questions()[0]?.id ?? '', PASSWORD);
    // A jump host's refusal is remembered until somebody demands another try.
    const again = await scenario.attempt('', 'n2', { ...options, demanded: true });
    expect(again.failure).toBeNull();
  });

  it('of a host in a ProxyCommand are asked for, and offered once', async () => {
    const sshd = await server(1, 2509, onlyPassword);
    const inner = config('NumberOfPasswordPrompts 1');
    const proxied = config('Host n2', `  ProxyCommand ssh -F ${inner} -p 2509 -W %h:%p n1`);
    const access = scenario.access(proxied);
    const options: AttemptOptions = { by, access };
    const { failure } = await scenario.attempt('', 'n2', options);
    expect(failure).toMatchObject({ cause: 'proxy', needsPerson: true });
    expect(failure?.message).toContain('the ProxyCommand asks for the password of ops@10.78.0.11');
    expect(failures(await sshd.log())).toBe(0);
    const [question] = access.secrets.questions();
    access.secrets.answer(question?.id ?? '', WRONG);
    for (const _ of [1, 2]) {
      const refused = await scenario.attempt('', 'n2', options);
      expect(refused.failure).toMatchObject({ cause: 'proxy', needsPerson: true });
      expect(failures(await sshd.log())).toBe(1);
    }
    access.secrets.answer(question?.id ?? '', PASSWORD);
    expect((await scenario.attempt('', 'n2', options)).failure).toBeNull();
    expect(access.secrets.questions()).toEqual([]);
  });

  it('of a node and its jump host are told apart', async () => {
    const hop = await server(1, 2513, onlyPassword);
    const end = await server(2, 2514, onlyKeyboard);
    const both = config('Host n2', '  Port 2514', '  ProxyJump n1:2513');
    const right = scenario.write('right', `n1 ${PASSWORD}\n10.78.0.12 ${WRONG}\n`);
    const access = scenario.access(both, { passwordFile: right });
    const { failure } = await scenario.attempt('', 'n2', { by, access });
    expect(failure).toMatchObject({ cause: 'auth', needsPerson: true });
    expect(failure?.message).toContain('10.78.0.12 port 2514 did not let ops in');
    expect(failures(await hop.log())).toBe(0);
    expect(failures(await end.log())).toBe(1);
    expect(access.secrets.questions()).toMatchObject([{ nodes: ['n2'], refused: true }]);
    access.secrets.answer(access.secrets.questions()[0]?.id ?? '', PASSWORD);
    expect((await scenario.attempt('', 'n2', { by, access })).failure).toBeNull();
    expect(failures(await hop.log())).toBe(0);
  });

  it('stand in no command line and no environment', async () => {
    await server(1, 2508, onlyKeyboard);
    const passwordFile = scenario.write('passwords', `n1 ${PASSWORD}\n`);
    const access = scenario.access(config(), { passwordFile });
    const channel = await scenario.hold('', 'n1', { by, access, port: 2508 });
    const look = `for p in /proc/[0-9]*; do tr "\\0" "\\n" < $p/cmdline; tr "\\0" "\\n" < $p/environ; done 2>/dev/null`;
    const { stdout } = await runProgram('sh', ['-c', look]);
    expect(stdout).toContain('rollcall');
    expect(stdout).not.toContain(PASSWORD.split(' ')[2]);
    channel.close();
    await channel.ended;
  });
});

describe.runIf(fleet).each(transports)('passphrases through %s', (by) => {
  async function lockedKey(): Promise<string> {
    const key = await scenario.newKey('locked', '-N', PASSWORD);
    const { stdout } = await runProgram('cat', [`${key}.pub`]);
    await requireFleet().exec(1, `echo '${stdout.trim()}' > /run/locked.pub`);
    return key;
  }

  it('open a key, are asked for only where the server takes it, and a wrong one is told', async () => {
    const key = await lockedKey();
    await server(1, 2510, ['AuthorizedKeysFile /run/locked.pub']);
    await server(1, 2511, ['AuthorizedKeysFile none']);
    const file = scenario.write('locked-config', `Host n1\n IdentityFile ${key}\nInclude ${config()}\n`);
    const access = scenario.access(file);
    const refusing = await scenario.attempt('', 'n1', { by, access, port: 2511 });
    expect(refusing.failure?.cause).toBe('auth');
    expect(access.secrets.questions()).toEqual([]);

    const options: AttemptOptions = { by, access, port: 2510 };
    const { failure } = await scenario.attempt('', 'n1', options);
    expect(failure?.message).toContain(`nobody has said the passphrase of ${key} yet`);
    expect(failure?.hint).toContain(`ssh-add ${key}`);
    const [question] = access.secrets.questions();
    expect(question).toMatchObject({ text: `passphrase of ${key}`, nodes: ['n1'] });
    access.secrets.answer(question?.id ?? '', WRONG);
    expect((await scenario.attempt('', 'n1', options)).failure?.cause).toBe('auth');
    expect(access.secrets.questions()).toMatchObject([{ refused: true }]);
    access.secrets.answer(question?.id ?? '', PASSWORD);
    expect((await scenario.attempt('', 'n1', options)).failure).toBeNull();
  });

  it('come from the password file by the key’s path', async () => {
    const key = await lockedKey();
    await server(1, 2512, ['AuthorizedKeysFile /run/locked.pub']);
    const file = scenario.write('locked-config', `Host n1\n IdentityFile ${key}\nInclude ${config()}\n`);
    const passwordFile = scenario.write('passwords', `${key} ${PASSWORD}\n`);
    const access = scenario.access(file, { passwordFile });
    expect((await scenario.attempt('', 'n1', { by, access, port: 2512 })).failure).toBeNull();
  });
});

describe.runIf(fleet)('secrets of several nodes', () => {
  it('are one question; a wrong answer is refused by one node only, a good one goes to all', async () => {
    const sshds = [await server(1, 2520, onlyPassword), await server(2, 2520, onlyPassword)];
    const access = scenario.access(config('Port 2520'));
    const options: AttemptOptions = { by: 'ssh2', access };
    const tryAll = () => Promise.all(['n1', 'n2'].map((host) => scenario.attempt('', host, options)));
    const refusals = async () => (await Promise.all(sshds.map((sshd) => sshd.log()))).map(failures);
    await tryAll();
    const [question] = access.secrets.questions();
    expect(question).toMatchObject({ text: 'password of ops', nodes: ['n1', 'n2'] });
    access.secrets.answer(question?.id ?? '', WRONG);
    await tryAll();
    expect((await refusals()).sort()).toEqual([0, 1]);
    expect(access.secrets.questions()).toMatchObject([{ nodes: ['n1', 'n2'], refused: true }]);
    access.secrets.answer(question?.id ?? '', PASSWORD);
    await tryAll();
    const results = await tryAll();
    expect(results.map(({ failure }) => failure)).toEqual([null, null]);
    expect((await refusals()).sort()).toEqual([0, 1]);
  });
});

describe.runIf(fleet)('a program that asks', () => {
  function program(answer: string): { path: string; asked(): string[] } {
    const log = scenario.write('asked', '');
    const path = scenario.write('askpass', `#!/bin/sh\necho "$1" >> ${log}\necho '${answer}'\n`);
    chmodSync(path, 0o700);
    return { path, asked: () => readFileSync(log, 'utf8').trim().split('\n').filter(Boolean) };
  }

  it.each(['setting', 'SSH_ASKPASS'])('is asked once for each prompt (%s)', async (way) => {
    const sshd = await server(1, 2530, onlyPassword);
    const { path, asked } = program(PASSWORD);
    const environment = {
      ...process.env,
      SSH_AUTH_SOCK: '',
      SSH_ASKPASS: path,
      SSH_ASKPASS_REQUIRE: 'force',
    };
    const access = scenario.access(config(), way === 'setting' ? { askpass: path } : { environment });
    const options: AttemptOptions = { by: 'ssh2', access, port: 2530 };
    await scenario.attempt('', 'n1', options);
    await scenario.attempt('', 'n1', options);
    await expect.poll(() => access.secrets.questions(), { timeout: 5_000 }).toEqual([]);
    expect((await scenario.attempt('', 'n1', options)).failure).toBeNull();
    expect(asked()).toEqual(["ops@n1's password:"]);
    expect(failures(await sshd.log())).toBe(0);
  });

  it('is not asked again after a wrong answer', async () => {
    const sshd = await server(1, 2531, onlyPassword);
    const { path, asked } = program(WRONG);
    const access = scenario.access(config(), { askpass: path });
    const options: AttemptOptions = { by: 'openssh', access, port: 2531 };
    await scenario.attempt('', 'n1', options);
    await expect.poll(() => access.secrets.questions(), { timeout: 5_000 }).toEqual([]);
    for (const _ of [1, 2, 3]) await scenario.attempt('', 'n1', options);
    expect(asked()).toHaveLength(1);
    expect(failures(await sshd.log())).toBe(1);
    expect(access.secrets.questions()).toMatchObject([{ refused: true }]);
  });
});

function openToOthers(path: string): string {
  chmodSync(path, 0o640);
  return path;
}

function behindLink(path: string): string {
  symlinkSync(path, `${path}-link`);
  return `${path}-link`;
}

function withSecondName(path: string): string {
  linkSync(path, `${path}-2`);
  return path;
}

describe.runIf(fleet)('a password file', () => {
  it.each<[string, (path: string) => string, string]>([
    ['that others can read', openToOthers, 'others can read it'],
    ['behind a link', behindLink, 'it is a symbolic link'],
    ['with a second name', withSecondName, 'it has a second name'],
    ['that is not there', (path) => `${path}-absent`, 'there is no such file'],
  ])('%s is not used, and says why', async (_, spoil, reason) => {
    await server(1, 2540, onlyPassword);
    const passwordFile = spoil(scenario.write('passwords', `n1 ${PASSWORD}\n`));
    const access = scenario.access(config(), { passwordFile });
    expect((await scenario.attempt('', 'n1', { by: 'ssh2', access, port: 2540 })).failure?.cause).toBe(
      'auth',
    );
    expect(access.secrets.problems().join()).toContain(reason);
    expect(access.secrets.problems().join()).toContain(passwordFile);
  });
});
