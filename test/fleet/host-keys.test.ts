import { readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fleet, requireFleet, runProgram } from './fleet.ts';
import { createScenario, type Scenario } from './ssh-scenario.ts';

let scenario: Scenario;
beforeEach(() => {
  if (fleet) scenario = createScenario();
});
afterEach(() => scenario?.end());

/** A configuration whose known hosts are these lines. */
function knowing(lines: readonly string[], ...settings: string[]): { config: string; file: string } {
  const file = scenario.write('known', lines.map((line) => `${line}\n`).join(''));
  return { config: scenario.config(...settings, `UserKnownHostsFile ${file}`), file };
}

/** ssh decides the same; it may write to the file, so it is asked with a copy. */
async function sshAgrees(config: string, file: string, host: string, getsIn: boolean, ...args: string[]) {
  const copy = scenario.write('known-copy', readFileSync(file, 'utf8'));
  expect(await scenario.sshGetsIn(config, host, '-o', `UserKnownHostsFile=${copy}`, ...args)).toBe(getsIn);
}

const otherKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';

describe.runIf(fleet)('host keys', () => {
  it.each([
    ['yes', false],
    ['ask', false],
    ['accept-new', true],
    ['no', true],
  ])('with StrictHostKeyChecking %s an unknown key gets in: %s', async (checking, getsIn) => {
    const { config, file } = knowing([], `StrictHostKeyChecking ${checking}`);
    await sshAgrees(config, file, 'n1', getsIn);
    const { failure } = await scenario.attempt(config, 'n1');
    if (getsIn) expect(failure).toBeNull();
    else expect(failure).toMatchObject({ cause: 'host-key-unknown' });
    const recorded = readFileSync(file, 'utf8');
    expect(recorded).toBe(getsIn ? `10.78.0.11 ${requireFleet().hostKey(1, 'ed25519')}\n` : '');
  });

  it('shows the fingerprint of an unknown key and a command that accepts it', async () => {
    const { config } = knowing([]);
    const { failure } = await scenario.attempt(config, 'n1');
    const { stdout } = await requireFleet()
      .exec(1, 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')
      .then((text) => ({ stdout: text }));
    const [, fingerprint = 'none'] = stdout.split(' ');
    expect(failure?.message).toContain(fingerprint);
    const command = /accept it: (.*)$/.exec(failure?.hint ?? '')?.[1] ?? 'false';
    expect((await runProgram('sh', ['-c', command])).code).toBe(0);
    expect((await scenario.attempt(config, 'n1')).failure).toBeNull();
  });

  it('makes the known hosts file with its folder, hashed where the configuration says so', async () => {
    const file = scenario.path('new/folder/known_hosts');
    const config = scenario.config(
      'StrictHostKeyChecking accept-new',
      `UserKnownHostsFile ${file}`,
      'HashKnownHosts yes',
    );
    expect((await scenario.attempt(config, 'n1')).failure).toBeNull();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(scenario.path('new/folder')).mode & 0o777).toBe(0o700);
    expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|/);
    expect((await scenario.attempt(config, 'n1')).facts.join()).toContain('known');
    expect(await scenario.sshGetsIn(config, 'n1', '-o', 'StrictHostKeyChecking=yes')).toBe(true);
  });

  it.each(['yes', 'ask', 'accept-new', 'no'])(
    'refuses a changed key with StrictHostKeyChecking %s',
    async (checking) => {
      const { config, file } = knowing([`10.78.0.11 ${otherKey}`], `StrictHostKeyChecking ${checking}`);
      // With `no` ssh itself goes on, without passwords; we do not.
      if (checking !== 'no') await sshAgrees(config, file, 'n1', false);
      const { failure } = await scenario.attempt(config, 'n1');
      expect(failure).toMatchObject({ cause: 'host-key-changed' });
      expect(failure?.hint).toContain('Compare the fingerprint another way first');
      expect(readFileSync(file, 'utf8')).toBe(`10.78.0.11 ${otherKey}\n`);
    },
  );

  it('gives commands that replace a changed key', async () => {
    const { config } = knowing([`10.78.0.11 ${otherKey}`]);
    const { failure } = await scenario.attempt(config, 'n1');
    const command = /Only if it is the same: (.*)$/.exec(failure?.hint ?? '')?.[1] ?? 'false';
    expect((await runProgram('sh', ['-c', command])).code).toBe(0);
    expect((await scenario.attempt(config, 'n1')).failure).toBeNull();
  });

  it('refuses a revoked key, also one that is known', async () => {
    const key = requireFleet().hostKey(1, 'ed25519');
    const lines = [`10.78.0.11 ${key}`, `@revoked * ${key}`];
    const { config, file } = knowing(lines, 'HostKeyAlgorithms ssh-ed25519');
    await sshAgrees(config, file, 'n1', false);
    expect((await scenario.attempt(config, 'n1')).failure).toMatchObject({ cause: 'host-key-revoked' });
  });

  it('refuses what RevokedHostKeys names, as a list and as a KRL', async () => {
    const list = scenario.write('revoked', `${requireFleet().hostKey(1, 'ed25519')}\n`);
    const krl = scenario.path('krl');
    await runProgram('ssh-keygen', ['-q', '-k', '-f', krl, list]);
    for (const file of [list, krl]) {
      const config = scenario.config(`RevokedHostKeys ${file}`);
      expect(await scenario.sshGetsIn(config, 'n1')).toBe(false);
      expect((await scenario.attempt(config, 'n1')).failure).toMatchObject({ cause: 'host-key-revoked' });
      expect((await scenario.attempt(config, 'n2')).failure === null).toBe(
        await scenario.sshGetsIn(config, 'n2'),
      );
    }
  });

  it.each(['ssh2', 'openssh'] as const)(
    'takes no key where the file of revoked ones is missing (%s)',
    async (by) => {
      const config = scenario.config(`RevokedHostKeys ${scenario.path('absent')}`);
      expect(await scenario.sshGetsIn(config, 'n1')).toBe(false);
      const { failure } = await scenario.attempt(config, 'n1', { by });
      expect(failure).toMatchObject({ cause: 'config', hint: expect.stringContaining('RevokedHostKeys') });
    },
  );

  it.each(['ssh2', 'openssh'] as const)(
    'takes no key that is too short for RequiredRSASize (%s)',
    async (by) => {
      const { exec, startSshd } = requireFleet();
      const hostKey = '/run/short-host-key';
      await exec(1, `[ -f ${hostKey} ] || ssh-keygen -q -t rsa -b 2048 -N '' -f ${hostKey}`);
      const sshd = await startSshd(1, 2304, [`HostKey ${hostKey}`]);
      const line = `[10.78.0.11]:2304 ${await exec(1, `cat ${hostKey}.pub`)}`;
      const { config } = knowing([line], 'RequiredRSASize 3072');
      expect(await scenario.sshGetsIn(config, 'n1', '-p', '2304')).toBe(false);
      const { failure } = await scenario.attempt(config, 'n1', { by, port: 2304 });
      await sshd.stop();
      expect(failure).toMatchObject({ cause: 'key-exchange', message: expect.stringContaining('too short') });
    },
  );

  it('knows hashed names', async () => {
    const { config, file } = knowing([`10.78.0.11 ${requireFleet().hostKey(1, 'ed25519')}`]);
    await runProgram('ssh-keygen', ['-H', '-f', file]);
    expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|/);
    await sshAgrees(config, file, 'n1', true);
    expect((await scenario.attempt(config, 'n1')).failure).toBeNull();
    expect((await scenario.attempt(config, 'n2')).failure).toMatchObject({ cause: 'host-key-unknown' });
  });

  it('knows patterns and their exceptions', async () => {
    const key = requireFleet().hostKey(1, 'ed25519');
    const good = knowing([`10.78.0.*,!10.78.0.12 ${key}`]);
    expect((await scenario.attempt(good.config, 'n1')).failure).toBeNull();
    const { config, file } = knowing([`10.78.0.*,!10.78.0.11 ${key}`]);
    await sshAgrees(config, file, 'n1', false);
    expect((await scenario.attempt(config, 'n1')).failure).toMatchObject({ cause: 'host-key-unknown' });
  });

  it('looks under [host]:port for another port, and then under the host alone, as ssh does', async () => {
    const { startSshd, hostKey, exec } = requireFleet();
    await exec(1, 'ssh-keygen -q -t ed25519 -N "" -f /run/second');
    const second = (await exec(1, 'cut -d" " -f1,2 /run/second.pub')).trim();
    const sshd = await startSshd(1, 2210, ['HostKey /run/second']);
    try {
      const right = knowing([`[10.78.0.11]:2210 ${second}`, `10.78.0.11 ${hostKey(1, 'ed25519')}`]);
      await sshAgrees(right.config, right.file, 'n1', true, '-p', '2210');
      expect((await scenario.attempt(right.config, 'n1', { port: 2210 })).failure).toBeNull();
      expect((await scenario.attempt(right.config, 'n1')).failure).toBeNull();
      const bare = knowing([`10.78.0.11 ${second}`]);
      await sshAgrees(bare.config, bare.file, 'n1', true, '-p', '2210');
      expect((await scenario.attempt(bare.config, 'n1', { port: 2210 })).failure).toBeNull();
      const other = knowing([`10.78.0.11 ${otherKey}`]);
      await sshAgrees(other.config, other.file, 'n1', false, '-p', '2210');
      const { failure } = await scenario.attempt(other.config, 'n1', { port: 2210 });
      expect(failure).toMatchObject({ cause: 'host-key-unknown' });
    } finally {
      await sshd.stop();
    }
  });

  it('goes by HostKeyAlias, whatever the port', async () => {
    const { config, file } = knowing(
      [`the-alias ${requireFleet().hostKey(1, 'ed25519')}`],
      'HostKeyAlias the-alias',
    );
    await sshAgrees(config, file, 'n1', true);
    expect((await scenario.attempt(config, 'n1')).failure).toBeNull();
    expect((await scenario.attempt(config, 'n2')).failure).toMatchObject({ cause: 'host-key-changed' });
  });

  it.each(['rsa', 'ecdsa'] as const)('is content with the %s key where only that is known', async (type) => {
    const { config, file } = knowing([`10.78.0.11 ${requireFleet().hostKey(1, type)}`]);
    await sshAgrees(config, file, 'n1', true);
    const { failure, facts } = await scenario.attempt(config, 'n1');
    expect(failure).toBeNull();
    expect(facts.join()).toContain(type.toUpperCase());
  });

  it('takes a server that has lost the known type for a changed one, as ssh does', async () => {
    const sshd = await requireFleet().startSshd(1, 2211, []);
    const { config, file } = knowing([`[10.78.0.11]:2211 ${requireFleet().hostKey(1, 'rsa')}`]);
    await sshAgrees(config, file, 'n1', false, '-p', '2211', '-o', 'StrictHostKeyChecking=accept-new');
    const { failure } = await scenario.attempt(config, 'n1', { port: 2211 });
    await sshd.stop();
    expect(failure).toMatchObject({ cause: 'host-key-changed' });
  });

  it('says so where only a certificate authority is known', async () => {
    const { config } = knowing([`@cert-authority * ${otherKey}`]);
    const { failure } = await scenario.attempt(config, 'n1');
    expect(failure).toMatchObject({ cause: 'host-key-unknown' });
    expect(failure?.message).toContain('certificate authority');
  });

  it('checks and records once, also when keys are exchanged anew', async () => {
    const sshd = await requireFleet().startSshd(1, 2212, ['RekeyLimit 1M']);
    const { config, file } = knowing([], 'StrictHostKeyChecking accept-new');
    const command = 'head -c 3000000 /dev/zero | tr "\\000" x';
    const { failure, output } = await scenario.attempt(config, 'n1', { port: 2212, command });
    await sshd.stop();
    expect(failure).toBeNull();
    expect(output).toHaveLength(3_000_000);
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(1);
  });

  it('exchanges keys so often and no more, and says so though the command has ended well', async () => {
    // sshd counts such a limit wrongly: it wants new keys after each packet of 32 KiB.
    const sshd = await requireFleet().startSshd(1, 2213, ['RekeyLimit 256K']);
    const { config } = knowing([], 'StrictHostKeyChecking accept-new');
    const command = 'head -c 4000000 /dev/zero | tr "\\000" x';
    const { failure } = await scenario.attempt(config, 'n1', { port: 2213, command });
    await sshd.stop();
    expect(failure).toMatchObject({ cause: 'protocol' });
    expect(failure?.message).toContain('more than 60 key exchanges a minute');
  });
});
