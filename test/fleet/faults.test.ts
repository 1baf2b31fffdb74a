import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fleet, requireFleet } from './fleet.ts';
import { createScenario, type Scenario } from './ssh-scenario.ts';

let scenario: Scenario;
beforeEach(() => {
  if (fleet) scenario = createScenario();
});
afterEach(() => scenario?.end());

const short = { limits: { stageMs: 1_500 } };

describe.runIf(fleet)('connections that fail', () => {
  it('tells a name that does not resolve', async () => {
    const { failure } = await scenario.attempt(scenario.config(), 'no-such-host.invalid');
    expect(failure).toMatchObject({ cause: 'dns' });
    expect(failure?.hint).toContain('getent hosts no-such-host.invalid');
  });

  it.each([
    ['AddressFamily inet6', 'dns', 'no address of this family'],
    ['BindAddress ::1', 'dns', 'no address of this family'],
    ['BindAddress 10.9.8.7', 'config', 'connections cannot come from 10.9.8.7'],
  ])('tells that %s leads nowhere', async (line, cause, words) => {
    const config = scenario.config(line);
    expect(await scenario.sshGetsIn(config, 'n1')).toBe(false);
    const { failure } = await scenario.attempt(config, 'n1');
    expect(failure).toMatchObject({ cause, message: expect.stringContaining(words) });
  });

  it('tells a refused port, with the way a person would try', async () => {
    const { failure, tookMs } = await scenario.attempt(scenario.config(), 'n1', { port: 2299 });
    expect(failure).toMatchObject({ cause: 'refused' });
    expect(failure?.hint).toMatch(/ssh -F \S+ -p 2299 n1$/);
    expect(tookMs).toBeLessThan(5_000);
  });

  it('tells a firewall that drops packets by the stage that took too long', async () => {
    const heal = await requireFleet().fault(2, 'drop');
    try {
      const { failure, tookMs } = await scenario.attempt(scenario.config(), 'n2', short);
      expect(failure).toMatchObject({ cause: 'timeout' });
      expect(failure?.message).toContain('opening the TCP connection');
      expect(tookMs).toBeLessThan(4_000);
    } finally {
      await heal();
    }
  });

  it('tells a stopped server by its missing banner', async () => {
    const heal = await requireFleet().fault(2, 'hang');
    try {
      const { failure, stages } = await scenario.attempt(scenario.config(), 'n2', short);
      expect(failure).toMatchObject({ cause: 'timeout' });
      expect(failure?.message).toContain('waiting for the SSH banner');
      expect(stages).toEqual(['name', 'tcp']);
    } finally {
      await heal();
    }
  });

  it('respects ConnectTimeout', async () => {
    const heal = await requireFleet().fault(2, 'drop');
    try {
      const { failure, tookMs } = await scenario.attempt(scenario.config('ConnectTimeout 1'), 'n2');
      expect(failure?.message).toContain('within 1 s');
      expect(tookMs).toBeLessThan(4_000);
    } finally {
      await heal();
    }
  });

  it('waits as long as ConnectTimeout says, also beyond its own limit', async () => {
    const { address } = requireFleet();
    // Something that has to be woken first.
    const forward =
      'const s = require("net").connect(22, process.argv[1]); process.stdin.pipe(s); s.pipe(process.stdout)';
    const script = scenario.write(
      'slow-way',
      `#!/bin/sh\nsleep 3\nexec ${process.execPath} -e '${forward}' ${address(2)}\n`,
      0o700,
    );
    const lines = ['Host n2', `  ProxyCommand ${script}`];
    const impatient = await scenario.attempt(scenario.config(...lines), 'n2', short);
    expect(impatient.failure).toMatchObject({ cause: 'timeout' });
    expect(impatient.failure?.hint).toContain('stage-seconds');
    const patient = await scenario.attempt(scenario.config(...lines, '  ConnectTimeout 30'), 'n2', short);
    expect(patient).toMatchObject({ failure: null, output: 'in\n' });
  });

  it('names the resolved place also after the login', async () => {
    const config = scenario.config('Host alias', `  HostName ${requireFleet().address(1)}`);
    const channel = await scenario.hold(config, 'alias');
    expect(channel).toMatchObject({ way: { host: requireFleet().address(1), port: 22, user: 'ops' } });
    channel.close();
  });

  it('tells what speaks but is no SSH server', async () => {
    const { exec } = requireFleet();
    await exec(
      1,
      `node -e 'require("net").createServer(s=>s.end("220 mail.example ESMTP\\r\\n")).listen(2250)' >/dev/null 2>&1 & sleep 0.5`,
    );
    const { failure } = await scenario.attempt(scenario.config(), 'n1', { port: 2250 });
    await exec(1, 'pkill -f "[l]isten(2250)"; true');
    expect(failure).toMatchObject({ cause: 'closed' });
    expect(failure?.message).toContain('220 mail.example');
  });

  it('tells that there is no common key exchange method', async () => {
    const sshd = await requireFleet().startSshd(1, 2220, [
      'KexAlgorithms sntrup761x25519-sha512@openssh.com',
    ]);
    const { failure } = await scenario.attempt(scenario.config(), 'n1', { port: 2220 });
    await sshd.stop();
    expect(failure).toMatchObject({ cause: 'key-exchange' });
    expect(failure?.message).toContain('no matching key exchange');
  });

  it('keeps to the ciphers that the configuration allows', async () => {
    const sshd = await requireFleet().startSshd(1, 2221, ['Ciphers aes256-ctr']);
    const good = await scenario.attempt(
      scenario.config('Ciphers chacha20-poly1305@openssh.com,aes256-ctr'),
      'n1',
      { port: 2221 },
    );
    const bad = await scenario.attempt(scenario.config('Ciphers chacha20-poly1305@openssh.com'), 'n1', {
      port: 2221,
    });
    await sshd.stop();
    expect(good.failure).toBeNull();
    expect(bad.failure).toMatchObject({ cause: 'key-exchange' });
  });

  it('tells a server that grants no session', async () => {
    const sshd = await requireFleet().startSshd(1, 2222, ['MaxSessions 0']);
    const { failure } = await scenario.attempt(scenario.config(), 'n1', { port: 2222 });
    await sshd.stop();
    expect(failure).toMatchObject({ cause: 'session-limit' });
  });

  it('tells a server that is busy with other log-ins', async () => {
    const { startSshd, exec } = requireFleet();
    const sshd = await startSshd(1, 2223, ['MaxStartups 1', 'LoginGraceTime 20']);
    const holder = 'require("net").connect(2223, "127.0.0.1"); setTimeout(process.exit, 8000)';
    await exec(1, `node -e '${holder}' >/dev/null 2>&1 </dev/null & sleep 1`);
    const { failure } = await scenario.attempt(scenario.config(), 'n1', { port: 2223 });
    await sshd.stop();
    expect(['session-limit', 'closed']).toContain(failure?.cause);
    expect(failure?.message).toContain('MaxStartups');
  });

  it('tells a bad configuration and a bad option by what ssh says', async () => {
    const config = scenario.write('bad', 'Host *\n  NoSuchOption yes\n');
    const { failure } = await scenario.attempt(config, 'n1');
    expect(failure).toMatchObject({ cause: 'config' });
    expect(failure?.hint).toContain('ssh -G -F');
  });

  it('tries six keys and says how many it left out', async () => {
    const { address, knownHostsFile } = requireFleet();
    const keys = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map((number) => scenario.newKey(`wrong-${number}`)),
    );
    const lines = keys.map((key) => ` IdentityFile ${key}`);
    const config = scenario.write(
      'many',
      [
        `Host n1`,
        ` HostName ${address(1)}`,
        ' User ops',
        ' IdentitiesOnly yes',
        ` UserKnownHostsFile ${knownHostsFile}`,
        ...lines,
      ].join('\n'),
    );
    const { failure } = await scenario.attempt(config, 'n1');
    expect(failure).toMatchObject({ cause: 'auth' });
    expect(failure?.message).toContain('2 more keys');
  });
});

describe.runIf(fleet)('connections that break', () => {
  it('tells a server that was killed', async () => {
    const { fault } = requireFleet();
    const channel = await scenario.hold(scenario.config(), 'n3');
    const heal = await fault(3, 'kill');
    const end = await channel.ended;
    await heal();
    expect(end).toMatchObject({ exitCode: null, failure: { cause: 'closed' } });
    expect((await scenario.attempt(scenario.config(), 'n3')).failure).toBeNull();
  });

  it.each(['cut', 'hang'] as const)(
    'finds out within 15 s that the other end is gone (%s)',
    async (fault) => {
      const channel = await scenario.hold(scenario.config(), 'n3');
      const heal = await requireFleet().fault(3, fault);
      const started = performance.now();
      try {
        const { failure } = await channel.ended;
        expect(performance.now() - started).toBeLessThan(15_000);
        expect(failure).toMatchObject({ cause: 'timeout' });
        expect(failure?.message).toContain('stopped answering');
      } finally {
        await heal();
      }
    },
  );

  it('ends what goes through a jump host when that one dies, and says which', async () => {
    const config = scenario.config('Host n2', '  ProxyJump n3');
    const channel = await scenario.hold(config, 'n2');
    const heal = await requireFleet().fault(3, 'kill');
    const { failure } = await channel.ended;
    await heal();
    expect(failure).toMatchObject({ cause: 'proxy' });
    expect(failure?.message).toContain('jump host n3');
  });

  it('closes at once over a link that is cut', async () => {
    const channel = await scenario.hold(scenario.config(), 'n3');
    const heal = await requireFleet().fault(3, 'cut');
    const started = performance.now();
    channel.close();
    expect(await channel.ended).toMatchObject({ failure: null });
    expect(performance.now() - started).toBeLessThan(2_000);
    await heal();
  });
});
