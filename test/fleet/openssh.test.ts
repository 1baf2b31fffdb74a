import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cause } from '../../src/report/causes.ts';
import { fleet, requireFleet, runProgram } from './fleet.ts';
import { createScenario, type Scenario } from './ssh-scenario.ts';

let scenario: Scenario;
beforeEach(() => {
  if (fleet) scenario = createScenario();
});
afterEach(() => scenario?.end());

const by = 'openssh';
const otherKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';

/** Command lines that hold a word, as the machine sees them. */
const processesWith = async (word: string) =>
  (await runProgram('ps', ['-eo', 'args'])).stdout.split('\n').filter((line) => line.includes(word));

describe.runIf(fleet)('the system’s ssh', () => {
  it('gets in and reports every stage', async () => {
    const attempt = await scenario.attempt(scenario.config(), 'n1', { by, command: 'hostname' });
    expect(attempt).toMatchObject({ failure: null, output: 'n1\n' });
    expect(attempt.stages).toEqual(['name', 'tcp', 'banner', 'keys', 'login']);
    expect(attempt.facts[2]).toMatch(/^SSH-2\.0-OpenSSH/);
    expect(attempt.facts[3]).toMatch(/^ED25519 SHA256:.*, known; /);
    expect(attempt.facts[4]).toContain('/keys/id');
  });

  it.each<[string, string[], Cause]>([
    ['a name that nobody knows', ['HostName no-such-host.invalid'], 'dns'],
    ['a closed port', ['Port 2'], 'refused'],
    ['algorithms that do not meet', ['KexAlgorithms diffie-hellman-group1-sha1'], 'key-exchange'],
    ['a setting that ssh does not know', ['NoSuchSetting yes'], 'config'],
    ['no key', ['IdentityFile none', 'PreferredAuthentications password'], 'auth'],
    ['a ProxyCommand that fails', ['ProxyCommand sh -c "echo no such gateway >&2; exit 1"'], 'proxy'],
  ])('tells %s as ssh2 does: %s', async (_, lines, cause) => {
    const config = scenario.config('Host n1', ...lines);
    const [mine, usual] = [
      await scenario.attempt(config, 'n1', { by }),
      await scenario.attempt(config, 'n1'),
    ];
    expect(mine.failure).toMatchObject({ cause });
    expect(usual.failure).toMatchObject({ cause });
    if (cause !== 'key-exchange' && cause !== 'auth') {
      expect(mine.failure?.message).toBe(usual.failure?.message);
      expect(mine.failure?.hint).toBe(usual.failure?.hint);
    }
  });

  it('says which keys were tried', async () => {
    const wrong = await scenario.newKey('wrong');
    const config = scenario.write(
      'wrong-config',
      `Host n1\n HostName ${requireFleet().address(1)}\n User ops\n IdentitiesOnly yes\n IdentityFile ${wrong}\n UserKnownHostsFile ${requireFleet().knownHostsFile}`,
    );
    const { failure } = await scenario.attempt(config, 'n1', { by });
    expect(failure).toMatchObject({ cause: 'auth', needsPerson: true });
    expect(failure?.message).toContain(`tried: ${wrong}`);
  });

  it.each([
    ['host-key-unknown', ''],
    ['host-key-changed', `10.78.0.11 ${otherKey}\n`],
  ])('tells %s with the same words as ssh2', async (cause, known) => {
    const file = scenario.write('known', known);
    const config = scenario.config(`UserKnownHostsFile ${file}`, 'StrictHostKeyChecking ask');
    const mine = await scenario.attempt(config, 'n1', { by });
    const usual = await scenario.attempt(config, 'n1');
    expect(mine.failure).toMatchObject({ cause });
    expect(mine.failure?.message).toBe(usual.failure?.message);
    expect(mine.failure?.hint).toBe(usual.failure?.hint);
  });

  it.each(['list', 'known'])('tells a revoked key (%s)', async (way) => {
    const key = requireFleet().hostKey(1, 'ed25519');
    const list = scenario.write('revoked', `${key}\n`);
    const known = scenario.write('known', `10.78.0.11 ${key}\n@revoked * ${key}\n`);
    const lines =
      way === 'list'
        ? [`RevokedHostKeys ${list}`]
        : [`UserKnownHostsFile ${known}`, 'HostKeyAlgorithms ssh-ed25519'];
    const { failure } = await scenario.attempt(scenario.config(...lines), 'n1', { by });
    expect(failure).toMatchObject({ cause: 'host-key-revoked' });
  });

  it('records a new key only where the configuration says so, and never takes a changed one', async () => {
    const file = scenario.write('known', '');
    const fresh = scenario.config('StrictHostKeyChecking accept-new', `UserKnownHostsFile ${file}`);
    expect((await scenario.attempt(fresh, 'n1', { by })).failure).toBeNull();
    expect((await scenario.attempt(fresh, 'n1', { by })).failure).toBeNull();
    const changed = scenario.write('changed', `10.78.0.11 ${otherKey}\n`);
    const careless = scenario.config('StrictHostKeyChecking no', `UserKnownHostsFile ${changed}`);
    expect((await scenario.attempt(careless, 'n1', { by })).failure?.cause).toBe('host-key-changed');
  });

  it.each([
    ['drop', 'opening the TCP connection'],
    ['hang', 'waiting for the SSH banner'],
  ] as const)('gives a node that does not answer its time (%s)', async (fault, words) => {
    const heal = await requireFleet().fault(3, fault);
    const { failure, tookMs } = await scenario.attempt(scenario.config(), 'n3', {
      by,
      limits: { stageMs: 2_000 },
    });
    await heal();
    expect(failure).toMatchObject({ cause: 'timeout' });
    expect(failure?.message).toContain(words);
    expect(tookMs).toBeLessThan(10_000);
  });

  it('tells a server that grants no session, and one that hangs up', async () => {
    const { startSshd, hostKey } = requireFleet();
    const known = scenario.write('known', `10.78.0.11 ${hostKey(1, 'ed25519')}\n`);
    const full = await startSshd(1, 2301, ['MaxSessions 0']);
    const busy = await startSshd(1, 2302, ['MaxStartups 1:100:1', 'LoginGraceTime 20']);
    const config = scenario.config(`UserKnownHostsFile ${known}`);
    const sessions = await scenario.attempt(config, 'n1', { by, port: 2301 });
    // One that has heard the server's greeting and logs in never.
    const holding = connect(2302, '10.78.0.11');
    await once(holding, 'data');
    const refused = await scenario.attempt(config, 'n1', { by, port: 2302 });
    holding.destroy();
    await Promise.all([full.stop(), busy.stop()]);
    expect(refused.failure?.cause).toBe('closed');
    expect(sessions.failure).toMatchObject({ cause: 'session-limit' });
  });

  it('notices a dead link by its own questions', async () => {
    const channel = await scenario.hold(scenario.config(), 'n3', { by });
    const heal = await requireFleet().fault(3, 'cut');
    const end = await channel.ended;
    await heal();
    expect(end).toMatchObject({ exitCode: null, failure: { cause: 'timeout' } });
    expect(end.failure?.message).toContain('nothing was heard for 10 s');
  });

  it('tells a server that is killed', async () => {
    const channel = await scenario.hold(scenario.config(), 'n3', { by });
    const heal = await requireFleet().fault(3, 'kill');
    const end = await channel.ended;
    await heal();
    expect(end).toMatchObject({ exitCode: null, failure: { cause: 'closed' } });
  });

  it('passes over settings that would keep the command from running', async () => {
    const lines = [
      'RemoteCommand sleep 100',
      'LocalForward 127.0.0.1:2 127.0.0.1:2',
      'ExitOnForwardFailure yes',
    ];
    const more = ['RequestTTY force', 'StdinNull yes', 'SessionType none', 'PermitLocalCommand yes'];
    const config = scenario.config('Host n1', ...lines, ...more, 'LocalCommand echo local');
    expect(await scenario.attempt(config, 'n1', { by })).toMatchObject({ failure: null, output: 'in\n' });
  });

  it('keeps what ssh says apart from what the node says', async () => {
    const sshd = await requireFleet().startSshd(1, 2303, ['Banner /etc/hostname']);
    const known = scenario.write('known', `10.78.0.11 ${requireFleet().hostKey(1, 'ed25519')}\n`);
    const channel = await scenario.hold(scenario.config(`UserKnownHostsFile ${known}`), 'n1', {
      by,
      port: 2303,
      command: 'echo debug1: Exit status 7 >&2; echo out; exit 3',
    });
    let errors = '';
    channel.onStderr((chunk) => {
      errors += chunk.toString();
    });
    channel.onStdout(() => undefined);
    expect(await channel.ended).toMatchObject({ exitCode: 3, failure: null });
    await sshd.stop();
    expect(errors).toContain('debug1: Exit status 7\n');
    expect(errors).not.toContain('Sending command');
  });

  it('leaves neither master, pipe nor process behind, whatever the configuration asks for', async () => {
    const socket = scenario.path('master-%n');
    const lines = ['ControlMaster auto', `ControlPath ${socket}`, 'ControlPersist yes'];
    const config = scenario.config('Host n2', '  ProxyJump n1', 'Host *', ...lines);
    expect((await scenario.attempt(config, 'n2', { by })).failure).toBeNull();
    expect(readdirSync(scenario.path('pipes'))).toEqual([]);
    expect(readdirSync(scenario.path('')).filter((name) => name.startsWith('master'))).toEqual([]);
    await expect.poll(() => processesWith(config), { timeout: 5_000 }).toEqual([]);
  });
});

describe.runIf(fleet)('the system’s ssh through other hosts', () => {
  it('goes over two jump hosts, each with its own settings', async () => {
    const { address } = requireFleet();
    const config = scenario.config('Host far', `  HostName ${address(3)}`, '  ProxyJump zsh@n1,n2:22');
    const attempt = await scenario.attempt(config, 'far', { by, command: 'hostname; echo $SSH_CLIENT' });
    expect(attempt).toMatchObject({ failure: null, output: expect.stringMatching(/^n3\n10\.78\.0\.12 /) });
    expect(attempt.facts).toContain('through jump host n2:22');
  });

  it('follows the jump host’s own ProxyJump', async () => {
    const config = scenario.config('Host n3', '  ProxyJump n2', 'Host n2', '  ProxyJump n1');
    const seen = await scenario.attempt(config, 'n2', { by, command: 'echo $SSH_CLIENT' });
    expect(seen.output).toMatch(/^10\.78\.0\.11 /);
    expect((await scenario.attempt(config, 'n3', { by, command: 'hostname' })).output).toBe('n3\n');
  });

  it('names the jump host that failed, with its own reason and hint', async () => {
    const config = scenario.config('Host n3', '  ProxyJump n1:2299');
    const mine = await scenario.attempt(config, 'n3', { by });
    const usual = await scenario.attempt(config, 'n3');
    expect(mine.failure).toMatchObject({ cause: 'proxy' });
    expect(mine.failure?.message).toBe(usual.failure?.message);
    expect(mine.failure?.hint).toBe(usual.failure?.hint);
  });

  it('passes over settings that would break the way through a jump host or hide what it says', async () => {
    const config = scenario.config(
      'ProxyUseFdpass yes',
      'LogLevel QUIET',
      'Host n2',
      '  ProxyJump n1',
      'Host n3',
      '  ProxyJump no-such@n1',
      'Host *',
    );
    expect((await scenario.attempt(config, 'n2', { by })).failure).toBeNull();
    const { failure } = await scenario.attempt(config, 'n3', { by });
    expect(failure?.message).toContain('did not let no-such in');
  });

  it('never asks on the way: an unknown jump host is refused', async () => {
    const file = scenario.write('known', `10.78.0.13 ${requireFleet().hostKey(3, 'ed25519')}\n`);
    const lines = [`UserKnownHostsFile ${file}`, 'StrictHostKeyChecking ask'];
    const config = scenario.config('Host n3', '  ProxyJump n1', 'Host *', ...lines);
    const { failure } = await scenario.attempt(config, 'n3', { by });
    expect(failure).toMatchObject({ cause: 'proxy', needsPerson: true });
    expect(failure?.message).toContain('jump host n1');
  });

  it('refuses jump hosts that run in a circle', async () => {
    const { failure } = await scenario.attempt(scenario.config('Host *', '  ProxyJump n1'), 'n3', { by });
    expect(failure?.message).toContain('circle');
  });

  it('ends the ssh of the jump host with the connection', async () => {
    const config = scenario.config('Host n2', '  ProxyJump n1');
    const channel = await scenario.hold(config, 'n2', { by });
    expect((await processesWith(config)).length).toBeGreaterThan(1);
    channel.close();
    await channel.ended;
    await expect.poll(() => processesWith(config), { timeout: 5_000 }).toEqual([]);
  });
});
