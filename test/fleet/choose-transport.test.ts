import { existsSync, readFileSync, utimesSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fleet, requireFleet, runProgram, runSsh } from './fleet.ts';
import { createScenario, type Scenario } from './ssh-scenario.ts';

const skDummy = '/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so';
const hasSkDummy = existsSync(skDummy);
if (fleet && !hasSkDummy)
  console.log(`skipped: security keys, because ${skDummy} is missing (openssh-tests)`);

let scenario: Scenario;
beforeEach(() => {
  if (fleet) scenario = createScenario();
});
afterEach(() => scenario?.end());

const by = 'auto';

/** An ssh_config that knows one host, one key and nothing of the fleet's own. */
function lonely(key: string, ...lines: string[]): string {
  const { address, knownHostsFile } = requireFleet();
  return scenario.write(
    `lonely-${Math.random()}`,
    [
      ...lines,
      'Host n1',
      `  HostName ${address(1)}`,
      '  User ops',
      `  IdentityFile ${key}`,
      `  UserKnownHostsFile ${knownHostsFile} ${scenario.path('more-known')}`,
      '  GlobalKnownHostsFile none',
      '  StrictHostKeyChecking yes',
    ].join('\n'),
  );
}

/** A server on n1 whose key is known. */
function server(port: number, ...lines: string[]) {
  const { startSshd, hostKey } = requireFleet();
  scenario.write('more-known', `[10.78.0.11]:${port} ${hostKey(1, 'ed25519')}\n`);
  return startSshd(1, port, lines);
}

async function withAgent<T>(key: string, use: (environment: NodeJS.ProcessEnv) => Promise<T>): Promise<T> {
  const socket = scenario.path('agent');
  const { stdout } = await runProgram('ssh-agent', ['-s', '-a', socket]);
  try {
    await runProgram('sh', ['-c', `SSH_AUTH_SOCK=${socket} ssh-add -q ${key}`]);
    return await use({ ...process.env, SSH_AUTH_SOCK: socket });
  } finally {
    process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1]));
  }
}

/** A key and its certificate, signed by an authority whose public half lies in the node. */
async function certifiedKey(...options: string[]): Promise<string> {
  const authority = await scenario.newKey('authority');
  const key = await scenario.newKey('certified');
  const { code } = await runProgram('ssh-keygen', [
    '-q',
    '-s',
    authority,
    '-I',
    'me',
    '-n',
    'ops',
    ...options,
    `${key}.pub`,
  ]);
  expect(code).toBe(0);
  const { stdout } = await runProgram('cat', [`${authority}.pub`]);
  await requireFleet().exec(1, `echo '${stdout.trim()}' > /run/user-authority.pub`);
  return key;
}

/** A server on n1 that shows a certificate of this authority. */
async function certifiedServer(port: number, authority: string) {
  const { exec, startSshd } = requireFleet();
  const hostKey = scenario.write('host.pub', await exec(1, 'cat /etc/ssh/ssh_host_ed25519_key.pub'));
  await runProgram('ssh-keygen', ['-q', '-s', authority, '-I', 'n1', '-h', '-n', '10.78.0.11', hostKey]);
  const certificate = readFileSync(scenario.path('host-cert.pub'), 'utf8').trim();
  await exec(1, `echo '${certificate}' > /run/host-cert.pub`);
  return startSshd(1, port, ['HostCertificate /run/host-cert.pub']);
}

const trusting = ['TrustedUserCAKeys /run/user-authority.pub', 'AuthorizedKeysFile none'];

describe.runIf(fleet)('what carries a connection', () => {
  it('is the library where nothing speaks against it', async () => {
    const attempt = await scenario.attempt(scenario.config(), 'n1', { by });
    expect(attempt).toMatchObject({ failure: null, transport: { name: 'ssh2', reason: null } });
  });

  it('is what the node’s settings say', async () => {
    for (const name of ['ssh2', 'openssh'] as const) {
      const access = scenario.access(scenario.config());
      const attempt = await scenario.attempt('', 'n1', { by: name, access });
      expect(attempt).toMatchObject({ failure: null, transport: { name, reason: 'set for this node' } });
    }
  });

  it.each(['GSSAPIAuthentication yes', 'HostbasedAuthentication yes', 'ControlPath /tmp/nobody-%C'])(
    'stays the library with %s alone',
    async (line) => {
      const attempt = await scenario.attempt(scenario.config(line), 'n1', { by });
      expect(attempt).toMatchObject({ failure: null, transport: { name: 'ssh2', reason: null } });
    },
  );

  it('is ssh for a certificate beside the key', async () => {
    const key = await certifiedKey();
    const sshd = await server(2401, ...trusting);
    const config = lonely(key);
    const attempt = await scenario.attempt(config, 'n1', { by, port: 2401 });
    expect(attempt.failure).toBeNull();
    expect(attempt.transport).toEqual({
      name: 'openssh',
      reason: `there is a certificate (${key}-cert.pub)`,
    });
    expect((await scenario.attempt(config, 'n1', { port: 2401 })).failure?.cause).toBe('auth');
    await sshd.stop();
  });

  it('is not ssh for a certificate that has expired, and says so where it was needed', async () => {
    const key = await certifiedKey('-V', '20260101:20260201');
    const sshd = await server(2407, ...trusting);
    const { failure, transport } = await scenario.attempt(lonely(key), 'n1', { by, port: 2407 });
    await sshd.stop();
    expect(transport).toEqual({ name: 'ssh2', reason: null });
    expect(failure?.cause).toBe('auth');
    expect(failure?.message).toMatch(/certified-cert\.pub \(not used: it has expired on 2026-0[12]-\d\d /);
  });

  it.runIf(hasSkDummy)('is ssh for a security key', async () => {
    const key = scenario.path('id_sk');
    const made = await runProgram('ssh-keygen', [
      '-q',
      '-t',
      'ed25519-sk',
      '-w',
      skDummy,
      '-N',
      '',
      '-f',
      key,
    ]);
    expect(made).toMatchObject({ code: 0 });
    const { stdout } = await runProgram('cat', [`${key}.pub`]);
    await requireFleet().exec(1, `echo '${stdout.trim()}' > /run/sk.pub`);
    const sshd = await server(2402, 'AuthorizedKeysFile /run/sk.pub');
    const attempt = await scenario.attempt(lonely(key), 'n1', { by, port: 2402 });
    expect(attempt.transport).toEqual({ name: 'openssh', reason: `${key} is a security key` });
    const config = lonely(key, `SecurityKeyProvider ${skDummy}`);
    const withDevice = await scenario.attempt(config, 'n1', { by, port: 2402 });
    expect(withDevice).toMatchObject({ failure: null, output: 'in\n', transport: { name: 'openssh' } });
    await sshd.stop();
  });

  it('is ssh while a master connection answers, and not after', async () => {
    const socket = scenario.path('master');
    const config = scenario.config('Host n1', `  ControlPath ${socket}`);
    await runSsh(['-F', config, '-M', '-N', '-f', 'n1']);
    const access = scenario.access(config);
    const shared = await scenario.attempt(config, 'n1', { by, access });
    expect(shared).toMatchObject({
      failure: null,
      output: 'in\n',
      transport: { name: 'openssh', reason: `a connection of yours is open (${socket})` },
    });
    expect(shared.facts.at(-1)).toContain('through a connection that was there');
    await runSsh(['-F', config, '-O', 'exit', 'n1']);
    // It says that it ends, and then does.
    await expect.poll(() => existsSync(socket), { timeout: 20_000 }).toBe(false);
    expect((await scenario.attempt(config, 'n1', { by, access })).transport?.name).toBe('ssh2');
  });

  it('is ssh where a jump host lets nobody else in', async () => {
    const socket = scenario.path('bastion');
    const config = scenario.config('Host n2', '  ProxyJump n1', 'Host n1', `  ControlPath ${socket}`);
    await runSsh(['-F', config, '-M', '-N', '-f', 'n1']);
    const before = await requireFleet().exec(1, 'grep -c "Accepted publickey" /run/sshd.log; true');
    const attempt = await scenario.attempt(config, 'n2', { by, command: 'hostname' });
    expect(attempt).toMatchObject({ failure: null, output: 'n2\n', transport: { name: 'openssh' } });
    expect(attempt.transport?.reason).toMatch(/^jump host n1: a connection of yours is open/);
    expect(await requireFleet().exec(1, 'grep -c "Accepted publickey" /run/sshd.log; true')).toBe(before);
    await runSsh(['-F', config, '-O', 'exit', 'n1']);
  });

  it.each([
    ['@cert-authority * AUTHORITY', 'certificate authority'],
    // ssh looks without the port, too, where nothing is known with it.
    ['@cert-authority 10.78.0.* AUTHORITY', 'certificate authority'],
    // The node was set up anew.
    ['@cert-authority * AUTHORITY\n[10.78.0.11]:2403 OTHER', 'the library was refused'],
  ])('is ssh where the host shows a certificate of an authority that is known: %s', async (lines, reason) => {
    const [authority, other] = await Promise.all(
      ['host-authority', 'other'].map(async (name) => {
        const key = await scenario.newKey(name);
        return { key, known: readFileSync(`${key}.pub`, 'utf8').trim() };
      }),
    );
    const sshd = await certifiedServer(2403, authority?.key ?? '');
    const text = lines.replace('AUTHORITY', authority?.known ?? '').replace('OTHER', other?.known ?? '');
    const config = scenario.config(`UserKnownHostsFile ${scenario.write('known-authority', `${text}\n`)}`);
    const attempt = await scenario.attempt(config, 'n1', { by, port: 2403 });
    await sshd.stop();
    expect(attempt.failure).toBeNull();
    expect(attempt.transport?.reason).toContain(reason);
  });

  it.each([
    ['KnownHostsCommand /bin/cat KNOWN', 'KnownHostsCommand is set'],
    ['VerifyHostKeyDNS yes', 'VerifyHostKeyDNS is set'],
    ['KexAlgorithms sntrup761x25519-sha512@openssh.com', 'only algorithms that the library lacks'],
    ['HostbasedAuthentication yes\nEnableSSHKeysign yes', 'host-based login is set up'],
    ['BindInterface eth0', 'BindInterface is set'],
  ])('is ssh with a setting that the library cannot honour: %s', async (lines, reason) => {
    const config = scenario.config(lines.replace('KNOWN', requireFleet().knownHostsFile));
    const attempt = await scenario.attempt(config, 'n1', { by });
    expect(attempt).toMatchObject({ failure: null, output: 'in\n', transport: { name: 'openssh' } });
    expect(attempt.transport?.reason).toContain(reason);
  });
});

describe.runIf(fleet)('a library that is refused', () => {
  const connections = (log: string) =>
    log.split('\n').filter((line) => line.includes('Connection from')).length;

  it('leaves the node to ssh in the same attempt, and from then on', async () => {
    const key = await certifiedKey();
    const plain = await scenario.newKey('plain');
    const sshd = await server(2404, ...trusting);
    const config = lonely(plain);
    // The certificate is the agent's alone: no file speaks for it.
    await withAgent(key, async (environment) => {
      const access = scenario.access(config, { environment });
      const options = { by, access, port: 2404 } as const;
      const first = await scenario.attempt(config, 'n1', options);
      expect(first).toMatchObject({ failure: null, output: 'in\n', transport: { name: 'openssh' } });
      expect(first.transport?.reason).toContain('the library was refused');
      const again = await scenario.attempt(config, 'n1', options);
      expect(again.stages.filter((stage) => stage === 'name')).toHaveLength(1);
      expect(again.transport).toEqual(first.transport);
    });
    await sshd.stop();
  });

  it('leaves a node to ssh whose banner is longer than the library can read', async () => {
    await requireFleet().exec(1, 'yes "Authorised use only." | head -c 36000 > /opt/long-banner');
    const sshd = await server(2408, 'Banner /opt/long-banner');
    const config = scenario.config(
      'Host *',
      `  UserKnownHostsFile ${requireFleet().knownHostsFile} ${scenario.path('more-known')}`,
    );
    const attempt = await scenario.attempt(config, 'n1', { by, port: 2408 });
    await sshd.stop();
    expect(attempt).toMatchObject({ failure: null, output: 'in\n', transport: { name: 'openssh' } });
    expect(attempt.transport?.reason).toMatch(/the library failed .* cannot read .*Bad packet length/);
  });

  it('leaves a node to ssh whose jump host speaks what the library lacks', async () => {
    const sshd = await server(2406, 'KexAlgorithms sntrup761x25519-sha512@openssh.com');
    const config = scenario.config(
      'Host n2',
      '  ProxyJump n1:2406',
      'Host *',
      `  UserKnownHostsFile ${requireFleet().knownHostsFile} ${scenario.path('more-known')}`,
    );
    const attempt = await scenario.attempt(config, 'n2', { by });
    await sshd.stop();
    expect(attempt).toMatchObject({ failure: null, output: 'in\n', transport: { name: 'openssh' } });
    expect(attempt.transport?.reason).toContain('the library was refused');
  });

  it('tries ssh once and no more while nothing changes', async () => {
    const wrong = await scenario.newKey('wrong');
    const config = lonely(wrong);
    const access = scenario.access(config);
    const sshd = await server(2405, 'LogLevel VERBOSE');
    const count = async () => connections(await sshd.log());
    const options = { by, access, port: 2405 } as const;
    const first = await scenario.attempt(config, 'n1', options);
    expect(first).toMatchObject({ failure: { cause: 'auth' }, transport: { name: 'ssh2', reason: null } });
    expect(await count()).toBe(2);
    await scenario.attempt(config, 'n1', options);
    expect(await count()).toBe(3);
    utimesSync(wrong, 1, 1);
    await expect
      .poll(
        async () => {
          const before = await count();
          await scenario.attempt(config, 'n1', options);
          return (await count()) - before;
        },
        { timeout: 10_000, interval: 500 },
      )
      .toBe(2);
    await sshd.stop();
  });
});
