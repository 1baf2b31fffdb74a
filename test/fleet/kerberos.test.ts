import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleet, requireFleet, runProgram } from './fleet.ts';
import { createScenario, type Scenario } from './ssh-scenario.ts';

const programs = ['/usr/sbin/krb5kdc', '/usr/sbin/kdb5_util', '/usr/sbin/kadmin.local', '/usr/bin/kinit'];
const hasKerberos = programs.every((program) => existsSync(program));
if (fleet && !hasKerberos)
  console.log('skipped: Kerberos, because a KDC is missing (krb5-kdc krb5-admin-server krb5-user)');

const REALM = 'FLEET.TEST';
const KDC = '127.0.0.1:8877';

/** A realm of its own: one KDC where the head sits, one user, one server. */
describe.runIf(fleet && hasKerberos)('a Kerberos ticket', () => {
  let scenario: Scenario;
  let kdc: ChildProcess;
  const before = { ...process.env };

  async function run(command: string, ...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await runProgram(command, words);
    if (code !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout;
  }

  beforeAll(async () => {
    scenario = createScenario();
    const config = scenario.write(
      'krb5.conf',
      `[libdefaults]\n default_realm = ${REALM}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n` +
        ` rdns = false\n dns_canonicalize_hostname = false\n[realms]\n ${REALM} = {\n  kdc = ${KDC}\n }\n`,
    );
    const profile = scenario.write(
      'kdc.conf',
      `[kdcdefaults]\n kdc_listen = ${KDC}\n kdc_tcp_listen = ${KDC}\n[realms]\n ${REALM} = {\n` +
        `  database_name = ${scenario.path('principal')}\n  key_stash_file = ${scenario.path('stash')}\n }\n` +
        `[logging]\n kdc = FILE:${scenario.path('kdc.log')}\n`,
    );
    Object.assign(process.env, {
      KRB5_CONFIG: config,
      KRB5_KDC_PROFILE: profile,
      KRB5CCNAME: `FILE:${scenario.path('tickets')}`,
    });
    await run('/usr/sbin/kdb5_util', 'create', '-s', '-P', 'master', '-r', REALM);
    const admin = (query: string) => run('/usr/sbin/kadmin.local', '-r', REALM, '-q', query);
    await admin('addprinc -pw ticket ops');
    await admin('addprinc -randkey host/10.78.0.11');
    await admin(`ktadd -k ${scenario.path('keytab')} host/10.78.0.11`);
    const keytab = readFileSync(scenario.path('keytab')).toString('base64');
    await requireFleet().exec(1, `echo ${keytab} | base64 -d > /etc/krb5.keytab`);
    const realm = readFileSync(config).toString('base64');
    await requireFleet().exec(1, `echo ${realm} | base64 -d > /etc/krb5.conf`);
    const login = `echo ops@${REALM} > /home/ops/.k5login; chown ops /home/ops/.k5login`;
    await requireFleet().exec(1, login);
    kdc = spawn('/usr/sbin/krb5kdc', ['-n', '-r', REALM], { stdio: 'ignore' });
    await run('sh', '-c', `until echo ticket | kinit ops 2>/dev/null; do kill -0 ${kdc.pid} || exit 1; done`);
  });
  afterAll(async () => {
    kdc?.kill('SIGKILL');
    for (const name of ['KRB5_CONFIG', 'KRB5_KDC_PROFILE', 'KRB5CCNAME']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    await requireFleet().exec(1, 'rm -f /etc/krb5.keytab /home/ops/.k5login');
    scenario.end();
  });

  const lines = ['GSSAPIAuthentication yes', 'GSSAPIStrictAcceptorCheck no', 'PubkeyAuthentication yes'];
  const environment = () => ({ ...process.env, SSH_AUTH_SOCK: '' });

  function config(identityFile: string): string {
    const { address, hostKey } = requireFleet();
    const known = scenario.write('known', `[10.78.0.11]:* ${hostKey(1, 'ed25519')}\n`);
    return scenario.write(
      `config-${Math.random()}`,
      `Host n1\n HostName ${address(1)}\n User ops\n IdentityFile ${identityFile}\n IdentitiesOnly yes\n` +
        ` UserKnownHostsFile ${known}\n GlobalKnownHostsFile none\n GSSAPIAuthentication yes\n`,
    );
  }

  it('gets in where there is no key, through the system’s ssh', async () => {
    const sshd = await requireFleet().startSshd(1, 2701, lines);
    const file = config(scenario.path('absent'));
    const attempt = await scenario.attempt(file, 'n1', {
      by: 'auto',
      port: 2701,
      environment: environment(),
    });
    await sshd.stop();
    expect(attempt).toMatchObject({
      failure: null,
      output: 'in\n',
      transport: { name: 'openssh', reason: 'there is a Kerberos ticket and no key' },
    });
    expect(attempt.facts.at(-1)).toBe('ops with gssapi-with-mic');
  });

  it('gets in where the keys are refused, in the same attempt', async () => {
    const sshd = await requireFleet().startSshd(1, 2702, lines);
    const file = config(await scenario.newKey('refused'));
    const attempt = await scenario.attempt(file, 'n1', {
      by: 'auto',
      port: 2702,
      environment: environment(),
    });
    await sshd.stop();
    expect(attempt).toMatchObject({ failure: null, output: 'in\n', transport: { name: 'openssh' } });
    expect(attempt.transport?.reason).toContain('the library was refused');
  });

  it('that the server does not take is named among what was tried', async () => {
    const sshd = await requireFleet().startSshd(1, 2704, lines);
    const file = config(scenario.path('absent'));
    const options = { by: 'auto', port: 2704, user: 'dash', environment: environment() } as const;
    const { failure } = await scenario.attempt(file, 'n1', options);
    await sshd.stop();
    expect(failure).toMatchObject({ cause: 'auth', needsPerson: true });
    expect(failure?.message).toContain('tried: gssapi-with-mic');
  });

  it('is no reason while a key gets in', async () => {
    const { identityFile } = requireFleet();
    const sshd = await requireFleet().startSshd(1, 2703, lines);
    const attempt = await scenario.attempt(config(identityFile), 'n1', {
      by: 'auto',
      port: 2703,
      environment: environment(),
    });
    await sshd.stop();
    expect(attempt).toMatchObject({ failure: null, transport: { name: 'ssh2', reason: null } });
  });
});
