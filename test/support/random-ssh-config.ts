import { createRandom } from '../../src/lib/random.ts';

/** Configuration files by their path below a home folder, and names to ask for. */
export interface RandomSshConfig {
  files: Map<string, string>;
  names: string[];
  users: (string | null)[];
}

type Random = () => number;

function pick<T>(random: Random, list: readonly T[]): T {
  const found = list[Math.floor(random() * list.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

const some = <T>(random: Random, list: readonly T[], most: number): T[] =>
  Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(random, list));

/** Words of ssh's answers, parts of each other, addresses, and what looks like one. */
const oddNames =
  'yes no none root ssh any host 22 10 a b aa ab A Ab AB aB node node1 node1x Node1 NODE1 nodE2 node1.example.org x1f x2f y1f 0x1f 10.0.0.7 10.0.0.8 10.0.0.17 010.0.0.1 fe80::1 fe80::2 lower-x n_1 n_2 gw gw2 ed25519 a.b -x'.split(
    ' ',
  );
const patterns =
  '* node* node? node?? n* *1 *2* node1 node2 Node* NODE1 *.example.org node1.example.org 10.0.* 10.0.0.? gpu-* gpu-1? gw *w a ? ?? x*f *a*b* none yes **'.split(
    ' ',
  );
const hostNames =
  '%h %h.example.org %h-ib gw gw-%h.x 10.0.0.9 10.0.0.%h 0%h Gate.%h %%h%h %h.%h fe80::9 node1'.split(' ');
const settings = [
  'User lab',
  'User root',
  'Port 22',
  'Port 2222',
  'IdentityFile ~/.ssh/%h',
  'IdentityFile ~/.ssh/id-%n-%r',
  'IdentityFile ~/.ssh/id_lab',
  'CertificateFile ~/.ssh/%C-cert.pub',
  'ControlPath ~/.ssh/cm-%C',
  'ControlPath ~/.ssh/cm-%r@%h:%p',
  'ControlPath %n',
  'ControlPath none',
  'UserKnownHostsFile ~/.ssh/known-%h',
  'UserKnownHostsFile ~/.ssh/known-%n ~/.ssh/known-%k /root/%h',
  'GlobalKnownHostsFile /etc/%h',
  'ProxyCommand nc %h %p',
  'ProxyCommand nc gw %n',
  'ProxyJump gw',
  'ProxyJump lab@gw2:2222,gw',
  'ProxyJump none',
  'HostKeyAlias alias',
  'HostKeyAlias %h-alias',
  'RemoteCommand echo %h %n %C',
  'LocalCommand echo %h',
  'IdentityAgent /run/agent-%n',
  'IdentityAgent $AGENT',
  'ForwardAgent /run/%h',
  'ForwardAgent yes',
  'ExitOnForwardFailure yes',
  'LocalForward /tmp/%h.sock /tmp/%n',
  'SetEnv A=%h',
  'RevokedHostKeys /tmp/%h',
  'StrictHostKeyChecking accept-new',
  'ConnectTimeout 7',
  'Ciphers aes128-ctr',
];
const rareSettings = ['CanonicalizeHostname yes', 'CanonicalizeHostname no', 'Tunnel yes', 'NoSuchSetting 1'];
const includes = [
  'conf.d/*.conf',
  'other',
  '~/.ssh/conf.d/a.conf',
  'missing',
  '"conf.d/b.conf"',
  'conf.d/[ab].conf',
];

/** A name as it is, or as HostName may have made it. */
function resolved(random: Random, names: readonly string[]): string {
  const name = pick(random, names);
  return random() < 0.5 ? name : pick(random, [`${name}.example.org`, `${name}-ib`, `${name}.${name}`]);
}

function randomMatch(random: Random, names: readonly string[]): string {
  const words = () => [...patterns, '!gw', '!n*', resolved(random, names), resolved(random, names)];
  const list = () => some(random, words().slice(random() < 0.5 ? -3 : 0), 3).join(',');
  const criteria = [
    () => 'all',
    () => 'final all',
    () => 'final all',
    () => `final host ${list()}`,
    () => `host ${list()}`,
    () => `host ${list()}`,
    () => `!host ${list()}`,
    () => `originalhost ${list()}`,
    () => `originalhost ${list()} user lab,root`,
    () => 'user lab',
    () => '!localuser nobody',
    () => 'canonical all',
  ];
  const rare = ['exec "test %n = node1"', 'host=node*'];
  return `Match ${random() < 0.03 ? pick(random, rare) : pick(random, criteria)()}`;
}

function randomHostLine(random: Random, names: readonly string[]): string {
  const words = some(random, [...patterns, ...names, resolved(random, names)], 4).map((word) => {
    const negated = random() < 0.15 ? `!${word}` : word;
    return random() < 0.1 ? `"${negated}"` : negated;
  });
  const comment = random() < 0.1 ? ` # ${pick(random, names)} !${pick(random, names)}` : '';
  return `Host ${words.join(random() < 0.2 ? '\t ' : ' ')}${comment}`;
}

/** The same line as a person might write it. */
function written(random: Random, line: string): string {
  const [keyword = '', ...rest] = line.split(' ');
  const cased = random() < 0.2 ? keyword.toUpperCase() : random() < 0.2 ? keyword.toLowerCase() : keyword;
  const between = pick(random, [' ', ' ', ' ', '  ', '\t', '=', ' = ', ' =']);
  const quoted = random() < 0.01 ? `"${cased}"` : cased;
  return `${pick(random, ['', '', '  ', '\t'])}${quoted}${between}${rest.join(' ')}${random() < 0.1 ? '  ' : ''}`;
}

function randomFile(random: Random, names: readonly string[], plain: boolean, depth: number): string {
  const lines: string[] = [];
  for (let count = Math.floor(random() * 10); count > 0; count--) {
    const kind = random();
    if (kind < 0.3) lines.push(randomHostLine(random, names));
    else if (kind < 0.4) lines.push(`HostName ${pick(random, hostNames)}`);
    else if (kind < 0.5 && !plain) lines.push(randomMatch(random, names));
    else if (kind < 0.58 && depth === 0) lines.push(`Include ${pick(random, includes)}`);
    else if (kind < 0.59 && !plain) lines.push(pick(random, rareSettings));
    else if (kind < 0.65) lines.push('# Host nothing');
    else lines.push(pick(random, settings));
  }
  const ending = random() < 0.15 ? '\r\n' : '\n';
  const texts = lines.map((line) => (line.startsWith('#') ? line : written(random, line)));
  return texts.map((line) => `${line}${ending}`).join('');
}

/** What chance would seldom bring together: a way through one of the nodes, patterns of what HostName makes of one. */
function randomStart(random: Random, names: readonly string[], plain: boolean): string {
  const kind = random();
  if (kind < 0.2) return `ProxyJump ${pick(random, names)}\n`;
  if (kind > 0.6 || plain) return '';
  const value = pick(random, ['%h.example.org', '%h-ib', 'Gate.%h', '%h']);
  const made = value.replace('%h', pick(random, names));
  const looks = pick(random, [
    `Match host ${made}`,
    `Match !host ${made}`,
    `Match final host ${made}`,
    `Match final all\nHost ${made.toLowerCase()}`,
  ]);
  return `HostName ${value}\n${looks}\n${pick(random, settings)}\nPort 2201\nMatch all\n`;
}

/** A configuration with twelve names, many of which it cannot tell apart; `plain` without `Match`. */
export function randomSshConfig(seed: number, plain: boolean): RandomSshConfig {
  const random = createRandom(seed);
  const usual = Array.from({ length: 30 }, (_, index) => `${index % 3 ? 'node' : 'gpu-'}${index + 1}`);
  const names = new Set<string>();
  while (names.size < 12) names.add(pick(random, random() < 0.7 ? usual : oddNames));
  const listed = [...names];
  const files = new Map<string, string>();
  files.set('config', randomStart(random, listed, plain) + randomFile(random, listed, plain, 0));
  for (const name of ['.ssh/conf.d/a.conf', '.ssh/conf.d/b.conf', '.ssh/other'])
    if (random() < 0.7) files.set(name, randomFile(random, listed, plain, 1));
  const users = listed.map(() => (random() < 0.1 ? pick(random, ['lab', 'root']) : null));
  return { files, names: listed, users };
}
