import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultNodeSettings } from '../../src/nodes/node-settings.ts';
import { fleet, fleetUsers, requireFleet, runProgram } from './fleet.ts';
import { createScenario, type Scenario } from './ssh-scenario.ts';

let scenario: Scenario;
beforeEach(() => {
  if (fleet) scenario = createScenario();
});
afterEach(() => scenario?.end());

async function withAgent<T>(keys: string[], use: (socket: string) => Promise<T>): Promise<T> {
  const { stdout } = await runProgram('ssh-agent', ['-s', '-a', scenario.path('agent')]);
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1]);
  try {
    for (const key of keys)
      await runProgram('sh', ['-c', `SSH_AUTH_SOCK=${scenario.path('agent')} ssh-add -q ${key}`]);
    return await use(scenario.path('agent'));
  } finally {
    process.kill(pid);
  }
}

describe.runIf(fleet)('logging in as the user’s own ssh does', () => {
  it('takes a key without a passphrase and reports every stage', async () => {
    const attempt = await scenario.attempt(scenario.config(), 'n1', { command: 'hostname' });
    expect(attempt).toMatchObject({ failure: null, output: 'n1\n' });
    expect(attempt.stages).toEqual(['name', 'tcp', 'banner', 'keys', 'login']);
  });

  it.each(fleetUsers.filter((user) => user !== 'nologin' && user !== 'forced'))(
    'runs a command for %s',
    async (user) => {
      const { failure, output } = await scenario.attempt(scenario.config(), 'n2', { user });
      expect(failure).toBeNull();
      expect(output).toContain('in\n');
    },
  );

  it('follows an alias in an included file', async () => {
    const { address } = requireFleet();
    scenario.write('more-1.conf', `Host gpu-box\n  HostName ${address(2)}\n  Port 22\n`);
    const config = scenario.config(`Include ${scenario.path('more-*.conf')}`);
    expect(await scenario.attempt(config, 'gpu-box', { command: 'hostname' })).toMatchObject({
      output: 'n2\n',
    });
  });

  it('expands tokens in IdentityFile', async () => {
    scenario.copyKey('key-n1-ops');
    const config = scenario.config('Host n1', `  IdentityFile ${scenario.path('key-%n-%r')}`);
    const { failure, facts } = await scenario.attempt(config, 'n1');
    expect(failure).toBeNull();
    expect(facts.at(-1)).toContain('key-n1-ops');
  });

  it('uses the agent, whose keys come first', async () => {
    const { identityFile, address } = requireFleet();
    const config = scenario.write(
      'agent-config',
      [
        `HostName ${address(1)}`,
        'User ops',
        `UserKnownHostsFile ${requireFleet().knownHostsFile}`,
        `IdentityFile ${scenario.path('absent')}`,
      ].join('\n'),
    );
    await withAgent([identityFile], async (socket) => {
      const environment = { ...process.env, SSH_AUTH_SOCK: socket };
      const attempt = await scenario.attempt(config, 'n1', { environment });
      expect(attempt).toMatchObject({ failure: null, output: 'in\n' });
      expect(attempt.facts.at(-1)).toContain('from the agent');
    });
  });

  it('with IdentitiesOnly shows the agent’s key only where the configuration names it', async () => {
    const { identityFile } = requireFleet();
    const other = await scenario.newKey('other');
    await withAgent([identityFile], async (socket) => {
      const environment = { ...process.env, SSH_AUTH_SOCK: socket };
      const named = scenario.config('Host n1', `  IdentityFile ${identityFile}.pub`);
      expect((await scenario.attempt(named, 'n1', { environment })).failure).toBeNull();
      const unnamed = scenario.write(
        'unnamed',
        `Host n1\n HostName ${requireFleet().address(1)}\n User ops\n IdentitiesOnly yes\n IdentityFile ${other}\n UserKnownHostsFile ${requireFleet().knownHostsFile}`,
      );
      expect((await scenario.attempt(unnamed, 'n1', { environment })).failure?.cause).toBe('auth');
    });
  });

  it('takes a dead agent for none, and names it where that was too little', async () => {
    const socket = scenario.path('nobody');
    const environment = { ...process.env, SSH_AUTH_SOCK: socket };
    const config = scenario.config();
    expect((await scenario.attempt(config, 'n1', { environment })).failure).toBeNull();
    const { failure } = await scenario.attempt(config, 'n1', { environment, user: 'nobody-there' });
    expect(failure?.message).toContain(`the agent (nobody answers at ${socket})`);
  });

  it('is refused with a wrong key, and says what was tried', async () => {
    const wrong = await scenario.newKey('wrong');
    const config = scenario.write(
      'wrong-config',
      `Host n1\n HostName ${requireFleet().address(1)}\n User ops\n IdentitiesOnly yes\n IdentityFile ${wrong}\n UserKnownHostsFile ${requireFleet().knownHostsFile}`,
    );
    const { failure } = await scenario.attempt(config, 'n1');
    expect(failure).toMatchObject({ cause: 'auth' });
    expect(failure?.message).toContain(wrong);
    expect(failure?.hint).toContain('BatchMode=yes');
    expect(await scenario.sshGetsIn(config, 'n1')).toBe(false);
  });

  it('does not use a key that others can read, as ssh does not', async () => {
    const open = scenario.copyKey('open', 0o644);
    const config = scenario.write(
      'open-config',
      `Host n1\n HostName ${requireFleet().address(1)}\n User ops\n IdentitiesOnly yes\n IdentityFile ${open}\n UserKnownHostsFile ${requireFleet().knownHostsFile}`,
    );
    expect(await scenario.sshGetsIn(config, 'n1')).toBe(false);
    const { failure } = await scenario.attempt(config, 'n1');
    expect(failure?.cause).toBe('auth');
    expect(failure?.message).toContain('chmod 600');
  });

  it('leaves a key with a passphrase alone and names it', async () => {
    const locked = await scenario.newKey('locked', '-N', 'secret');
    const config = scenario.write(
      'locked-config',
      `Host n1\n HostName ${requireFleet().address(1)}\n User ops\n IdentitiesOnly yes\n IdentityFile ${locked}\n UserKnownHostsFile ${requireFleet().knownHostsFile}`,
    );
    const { failure } = await scenario.attempt(config, 'n1');
    expect(failure?.message).toContain('has a passphrase');
  });

  it('says what a server wants that takes no keys', async () => {
    const sshd = await requireFleet().startSshd(1, 2201, [
      'PubkeyAuthentication no',
      'KbdInteractiveAuthentication yes',
      'PasswordAuthentication yes',
    ]);
    const { failure } = await scenario.attempt(scenario.config(), 'n1', {
      port: 2201,
    });
    await sshd.stop();
    expect(failure?.cause).toBe('auth');
    expect(failure?.message).toContain('the server takes only password, keyboard-interactive');
  });

  it('says what a server wants beyond the key', async () => {
    const lines = ['AuthenticationMethods publickey,password', 'PasswordAuthentication yes'];
    const sshd = await requireFleet().startSshd(1, 2202, lines);
    const { failure } = await scenario.attempt(scenario.config(), 'n1', { port: 2202 });
    await sshd.stop();
    expect(failure?.message).toContain('accepted, but the server also wants password');
  });

  it('works with old rsa keys and with ecdsa', async () => {
    const { exec, address, knownHostsFile } = requireFleet();
    for (const type of ['rsa', 'ecdsa']) {
      const key = scenario.path(`key-${type}`);
      await runProgram('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', key]);
      const { stdout } = await runProgram('cat', [`${key}.pub`]);
      await exec(
        1,
        `mkdir -p /home/ops/.ssh; echo '${stdout.trim()}' > /home/ops/.ssh/authorized_keys; chown -R ops: /home/ops/.ssh`,
      );
      const config = scenario.write(
        `config-${type}`,
        `Host n1\n HostName ${address(1)}\n User ops\n IdentitiesOnly yes\n IdentityFile ${key}\n UserKnownHostsFile ${knownHostsFile}`,
      );
      expect((await scenario.attempt(config, 'n1')).failure).toBeNull();
      await exec(1, 'rm -r /home/ops/.ssh');
    }
  });

  it('shows no key that is too short for RequiredRSASize', async () => {
    const key = scenario.path('short');
    await runProgram('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', key]);
    const config = scenario.config('RequiredRSASize 3072', `IdentityFile ${key}`);
    const { failure, facts } = await scenario.attempt(config, 'n1');
    expect(failure).toBeNull();
    expect(facts.join()).not.toContain(key);
    const alone = await scenario.attempt(config, 'n1', { user: 'nobody-there' });
    expect(alone.failure?.message).toContain(
      `${key} (not used: it has 2048 bits, and RequiredRSASize is 3072)`,
    );
  });
});

describe.runIf(fleet)('ways through other hosts', () => {
  it('goes over two jump hosts, each with its own settings', async () => {
    const config = scenario.config(
      'Host far',
      `  HostName ${requireFleet().address(3)}`,
      '  ProxyJump zsh@n1,n2:22',
    );
    expect(await scenario.attempt(config, 'far', { command: 'hostname; echo $SSH_CLIENT' })).toMatchObject({
      failure: null,
      output: expect.stringMatching(/^n3\n10\.78\.0\.12 /),
    });
    expect(await scenario.sshGetsIn(config, 'far')).toBe(true);
  });

  it('follows the jump host’s own ProxyJump', async () => {
    const config = scenario.config('Host n3', '  ProxyJump n2', 'Host n2', '  ProxyJump n1');
    const { output } = await scenario.attempt(config, 'n3', { command: 'hostname' });
    expect(output).toBe('n3\n');
    const seen = await scenario.attempt(config, 'n2', { command: 'echo $SSH_CLIENT' });
    expect(seen.output).toMatch(/^10\.78\.0\.11 /);
  });

  it('shares one connection to a jump host and closes it afterwards', async () => {
    const { exec, startSshd } = requireFleet();
    const sshd = await startSshd(1, 2230, []);
    const config = scenario.config('Host n2 n3', '  ProxyJump n1:2230');
    const { createSsh2Transport } = await import('../../src/transport/ssh2/ssh2.ts');
    const transport = createSsh2Transport({ sshConfigFile: config, environment: process.env });
    const signal = new AbortController().signal;
    const hosts = ['n2', 'n3', 'n2', 'n3'];
    const channels = await Promise.all(
      hosts.map((host) =>
        transport.open(
          { name: host, host, user: null, port: null, local: false, settings: defaultNodeSettings },
          { command: 'cat', signal },
        ),
      ),
    );
    const count = async () => Number(await exec(1, 'pgrep -c -P $(cat /run/sshd-2230.pid); true'));
    expect(await count()).toBe(1);
    for (const channel of channels) channel.close();
    await Promise.all(channels.map((channel) => channel.ended));
    await expect.poll(count, { timeout: 5_000 }).toBe(0);
    await sshd.stop();
  });

  it('names the jump host that failed, with its own reason and hint', async () => {
    const config = scenario.config('Host n3', '  ProxyJump n1:2299');
    const { failure } = await scenario.attempt(config, 'n3');
    expect(failure).toMatchObject({ cause: 'proxy' });
    expect(failure?.message).toContain('jump host n1:2299');
    expect(failure?.message).toContain('refused the connection');
    expect(failure?.hint).toContain('-p 2299');
  });

  it('tells a jump host that passes nothing on', async () => {
    const sshd = await requireFleet().startSshd(1, 2203, ['AllowTcpForwarding no']);
    const { failure } = await scenario.attempt(scenario.config('Host n3', '  ProxyJump n1:2203'), 'n3');
    await sshd.stop();
    expect(failure?.message).toContain('does not pass connections on');
  });

  it('tells a node that refuses behind a jump host', async () => {
    const config = scenario.config('Host n3', '  ProxyJump n1', '  Port 2299');
    const { failure } = await scenario.attempt(config, 'n3');
    expect(failure?.cause).toBe('proxy');
    expect(failure?.message).toContain('could not connect to 10.78.0.13 port 2299');
  });

  it('refuses jump hosts that run in a circle', async () => {
    const config = scenario.config('Host *', '  ProxyJump n1');
    const { failure } = await scenario.attempt(config, 'n3');
    // ssh itself starts one more ssh for every round, without end.
    expect(failure?.message).toContain('circle');
  });

  it('goes through a ProxyCommand and ends it with the connection', async () => {
    const plain = scenario.config();
    const config = scenario.config(
      'Host n2',
      `  ProxyCommand ssh -F ${plain} -W %h:%p -o User=%r n1 # mark-%n`,
    );
    const { failure, output, facts } = await scenario.attempt(config, 'n2', { command: 'echo $SSH_CLIENT' });
    expect(failure).toBeNull();
    expect(output).toMatch(/^10\.78\.0\.11 /);
    expect(facts).toContain('through the ProxyCommand');
    const left = async () => (await runProgram('pgrep', ['-f', `-W ${requireFleet().address(2)}`])).stdout;
    await expect.poll(left, { timeout: 5_000 }).toBe('');
  });

  it('tells what a failing ProxyCommand said', async () => {
    const config = scenario.config('Host n2', '  ProxyCommand sh -c "echo no such gateway >&2; exit 1"');
    const { failure } = await scenario.attempt(config, 'n2');
    expect(failure).toMatchObject({ cause: 'proxy', lastLines: ['no such gateway'] });
    expect(failure?.message).toContain('no such gateway');
  });
});
