import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Stage } from '../../report/causes.ts';
import { explainHop, explainOpenssh, type OpensshContext } from './errors.ts';
import { readOpensshLine } from './log.ts';
import { createProgress, type OpensshProgress } from './progress.ts';

/** Lines as OpenSSH 9.2p1 wrote them with `LogLevel=DEBUG1 -E`. */
const login = [
  'debug1: Reading configuration data ./ssh_config\r',
  'debug1: Connecting to 10.78.0.11 [10.78.0.11] port 22.\r',
  'debug1: Connection established.\r',
  'debug1: identity file /keys/id type 3\r',
  'debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1 Debian-2+deb12u10\r',
  "debug1: Authenticating to 10.78.0.11:22 as 'ops'\r",
  'debug1: kex: algorithm: sntrup761x25519-sha512\r',
  'debug1: kex: host key algorithm: ssh-ed25519\r',
  'debug1: kex: client->server cipher: chacha20-poly1305@openssh.com MAC: <implicit> compression: none\r',
  'debug1: Server host key: ssh-ed25519 SHA256:GQJ5eL4S7EwbafbLCMWI6NaVjSJMuIF/l3LJceruV6s\r',
  "debug1: Host '10.78.0.11' is known and matches the ED25519 host key.\r",
  'debug1: SSH2_MSG_NEWKEYS received\r',
  'debug1: Authentications that can continue: publickey,password\r',
  'debug1: Offering public key: /keys/id ED25519 SHA256:5ILhTdxVTuhRa0vSCxeCz6YRaPPZYrsonDJ/fwC/SLA explicit\r',
  'debug1: Server accepts key: /keys/id ED25519 SHA256:5ILhTdxVTuhRa0vSCxeCz6YRaPPZYrsonDJ/fwC/SLA explicit\r',
  'Authenticated to 10.78.0.11 ([10.78.0.11]:22) using "publickey".\r',
  'debug1: channel 0: new session [client-session] (inactive timeout: 0)\r',
  'debug1: Entering interactive session.\r',
  'debug1: Remote: /etc/ssh/fleet_keys:1: key options: agent-forwarding port-forwarding pty\r',
  'debug1: Sending command: exit 3\r',
];
const end = [
  'debug1: client_input_channel_req: channel 0 rtype exit-status reply 0\r',
  'debug1: channel 0: free: client-session, nchannels 1\r',
  'Transferred: sent 3480, received 3760 bytes, in 0.0 seconds\r',
  'Bytes per second: sent 74590.0, received 80591.5\r',
  'debug1: Exit status 3\r',
];

function follow(lines: readonly string[]): { progress: OpensshProgress; passed: [Stage, string][] } {
  const passed: [Stage, string][] = [];
  const progress = createProgress({
    user: 'ops',
    proxy: null,
    onPassed: (stage, fact) => passed.push([stage, fact]),
    onEnter: () => undefined,
  });
  for (const line of lines) progress.take(line);
  return { progress, passed };
}

const fingerprint = 'SHA256:GQJ5eL4S7EwbafbLCMWI6NaVjSJMuIF/l3LJceruV6s';

function context(said: readonly string[], more: Partial<OpensshContext> = {}): OpensshContext {
  return {
    stage: 'login',
    user: 'ops',
    tried: ['/keys/id'],
    said,
    errorOutput: [],
    proxied: false,
    hostKey: { keyType: 'ssh-ed25519', fingerprint },
    offendingFile: null,
    lookup: '10.78.0.11',
    acceptCommand: ['ssh', 'n1', 'true'],
    stageMs: 10_000,
    silenceLimitMs: 10_000,
    ...more,
  };
}

describe('the log of ssh', () => {
  it('tells the stages of a login and how the command ended', () => {
    const { progress, passed } = follow([...login, ...end]);
    expect(passed).toEqual([
      ['name', '10.78.0.11'],
      ['tcp', '10.78.0.11 port 22'],
      ['banner', 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10'],
      ['keys', `ED25519 ${fingerprint}, known; sntrup761x25519-sha512; chacha20-poly1305@openssh.com`],
      ['login', 'ops with /keys/id'],
    ]);
    expect(progress).toMatchObject({ stage: null, said: [], exit: { exitCode: 3, signal: null } });
  });

  it('tells a signal without its name, and a lost connection by saying neither', () => {
    const signalled = [end[0]?.replace('exit-status', 'exit-signal') ?? '', 'debug1: Exit status -1'];
    expect(follow([...login, ...signalled]).progress.exit).toEqual({ exitCode: null, signal: 'a signal' });
    const lost = ['debug1: channel 0: free: client-session, nchannels 1', 'debug1: Exit status -1'];
    expect(follow([...login, ...lost]).progress.exit).toBeNull();
  });

  it('tells a login through a master connection', () => {
    const shared = [
      'debug2: mux_client_hello_exchange: master version 4',
      'debug1: mux_client_request_session: master session id: 2',
      'debug2: Received exit status from master 7',
    ];
    const { progress, passed } = follow(shared);
    expect(passed).toEqual([['login', 'ops through a connection that was there (ControlPath)']]);
    expect(progress.exit).toEqual({ exitCode: 7, signal: null });
  });

  it('takes words of the server for nothing else', () => {
    expect(readOpensshLine('debug1: Remote: Exit status 0')).toBeNull();
    expect(readOpensshLine('debug1: Remote: Sending command: x')).toBeNull();
    expect(readOpensshLine('Connection to 10.78.0.13 closed by remote host.\r')?.kind).toBe('said');
  });

  it('is read whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (lines) => {
        follow(lines);
        follow(lines.map((line) => `debug1: ${line}`));
      }),
    );
  });
});

describe('the words of ssh', () => {
  it.each<[string, Partial<OpensshContext>, object]>([
    [
      'ssh: Could not resolve hostname no.such.invalid: Name or service not known',
      { stage: 'name' },
      { cause: 'dns', detail: 'no such name' },
    ],
    [
      'ssh: Could not resolve hostname no.such.invalid: Temporary failure in name resolution',
      { stage: 'name' },
      { cause: 'dns', detail: 'the name server does not answer' },
    ],
    ['ssh: connect to host 10.78.0.11 port 2: Connection refused', { stage: 'tcp' }, { cause: 'refused' }],
    [
      'ssh: connect to host 10.78.0.77 port 22: Connection timed out',
      { stage: 'tcp' },
      { cause: 'timeout', stage: 'tcp' },
    ],
    ...[
      'bind 10.9.8.7: Cannot assign requested address',
      'getaddrinfo: 10.9.8.7: Address family for hostname not supported',
      'getifaddrs: 10.9.8.7: no suitable addresses',
    ].map((line): [string, Partial<OpensshContext>, object] => [
      `${line}\nssh: connect to host 10.78.0.11 port 22: failure`,
      { stage: 'tcp' },
      { cause: 'config', detail: expect.stringContaining('cannot come from 10.9.8.7 (') },
    ]),
    [
      'ssh: connect to host 10.78.0.77 port 22: No route to host',
      { stage: 'tcp' },
      { cause: 'timeout', detail: 'no route to the host' },
    ],
    [
      'Connection timed out during banner exchange',
      { stage: 'banner' },
      { cause: 'timeout', stage: 'banner' },
    ],
    [
      'Unable to negotiate with 10.78.0.11 port 22: no matching key exchange method found. Their offer: a,b',
      { stage: 'keys' },
      { cause: 'key-exchange', detail: 'no matching key exchange method found. Their offer: a,b' },
    ],
    [
      'Host key for 10.78.0.11 has changed and you have requested strict checking.\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.',
      { stage: 'keys', offendingFile: '/known' },
      { cause: 'host-key-changed', fingerprint, keyType: 'ED25519', knownHostsFile: '/known' },
    ],
    [
      'No ED25519 host key is known for 10.78.0.11 and you have requested strict checking.\nHost key verification failed.',
      { stage: 'keys' },
      { cause: 'host-key-unknown', fingerprint },
    ],
    [
      'Certificate invalid: expired\nNo ED25519 host key is known for 10.78.0.11 and you have requested strict checking.\nHost key verification failed.',
      { stage: 'keys' },
      { cause: 'host-key-unknown', fingerprint, certificateProblem: 'expired' },
    ],
    [
      `Error checking host key ED25519 ${fingerprint} in revoked keys file /revoked: No such file or directory\nHost key verification failed.`,
      { stage: 'keys' },
      { cause: 'config', detail: expect.stringContaining('/revoked, which cannot be used (No such file') },
    ],
    [
      `Host key ED25519 ${fingerprint} revoked by file /revoked\nHost key verification failed.`,
      { stage: 'keys' },
      { cause: 'host-key-revoked', knownHostsFile: '/revoked' },
    ],
    [
      'ops@10.78.0.11: Permission denied (publickey,gssapi-keyex,gssapi-with-mic).',
      {},
      { cause: 'auth', user: 'ops', tried: ['/keys/id'] },
    ],
    [
      'Received disconnect from 10.78.0.11 port 22:2: Too many authentication failures\nDisconnected from 10.78.0.11 port 22',
      {},
      { cause: 'auth' },
    ],
    [
      'kex_exchange_identification: read: Connection reset by peer\nConnection reset by 10.78.0.11 port 22',
      { stage: 'banner' },
      { cause: 'closed', stage: 'banner' },
    ],
    ['channel 0: open failed: connect failed: open failed', { stage: 'shell' }, { cause: 'session-limit' }],
    ['Timeout, server 10.78.0.13 not responding.', { stage: null }, { cause: 'timeout', stage: null }],
    ['client_loop: send disconnect: Broken pipe', { stage: null }, { cause: 'closed', stage: null }],
  ])('%s', (text, more, detail) => {
    expect(explainOpenssh(context(text.split('\n'), more))).toMatchObject(detail);
  });

  it('of a proxy count more than what its end looks like from here', () => {
    const said = [
      'kex_exchange_identification: Connection closed by remote host',
      'Connection closed by UNKNOWN port 65535',
    ];
    const errorOutput = ['no such gateway'];
    const found = explainOpenssh(context(said, { stage: 'banner', proxied: true, errorOutput }));
    expect(found).toEqual({ cause: 'proxy', detail: 'the ProxyCommand says: no such gateway' });
  });

  it('of a jump host tell its own trouble', () => {
    const own = context([], { stage: 'banner' });
    expect(explainHop(['ssh: connect to host 10.78.0.12 port 33: Connection refused'], own)).toEqual({
      cause: 'refused',
    });
    const lost = ['channel 0: open failed: connect failed: No route to host', 'stdio forwarding failed'];
    expect(explainHop(lost, own)).toMatchObject({ detail: 'it could not connect further: No route to host' });
    const unbound = [
      'bind 10.9.8.7: Cannot assign requested address',
      'ssh: connect to host 10.78.0.11 port 22: failure',
    ];
    expect(explainHop(unbound, own)).toMatchObject({ cause: 'config' });
    const closed = ['channel 0: open failed: administratively prohibited: open failed'];
    expect(explainHop(closed, own)).toMatchObject({ detail: expect.stringContaining('AllowTcpForwarding') });
    expect(explainHop(['hello'], own)).toBeNull();
  });

  it('of settings are read where ssh writes them before it opens its log', () => {
    const errorOutput = ['command-line: line 0: Bad configuration option: foo'];
    expect(explainOpenssh(context([], { stage: 'name', errorOutput }))).toMatchObject({ cause: 'config' });
  });
});
