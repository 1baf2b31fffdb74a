import type { Stage } from '../../report/causes.ts';
import type { FailureDetail } from '../../report/failure-detail.ts';
import { explainLoginWords } from '../bootstrap/login-words.ts';
import { keyTypeName } from '../host-keys/host-key.ts';
import { unusableRevocations } from '../host-keys/revoked-host-keys.ts';
import { unusableSource } from '../ssh2/tcp-connect.ts';

/** What is known of a connection when ssh has ended. */
export interface OpensshContext {
  /** Null once the command runs. */
  stage: Stage | null;
  user: string;
  /** Keys and passwords, for a person. */
  tried: readonly string[];
  /** What ssh itself said, oldest first. */
  said: readonly string[];
  /** What stood on its error output: the proxy's words, and the server's before the login. */
  errorOutput: readonly string[];
  /** The server is behind a proxy or jump host. */
  proxied: boolean;
  hostKey: { keyType: string; fingerprint: string } | null;
  /** A known hosts file with another key for the host. */
  offendingFile: string | null;
  lookup: string;
  acceptCommand: readonly string[];
  /** Each stage's; ssh's own waits are shorter or the same. */
  stageMs: number;
  /** After so much silence the other end counts as dead. */
  silenceLimitMs: number;
}

const dnsTexts: Record<string, string> = {
  'Name or service not known': 'no such name',
  'nodename nor servname provided, or not known': 'no such name',
  'Temporary failure in name resolution': 'the name server does not answer',
  'No address associated with hostname': 'the name has no address',
  'Address family for hostname not supported': 'the name has no address of this family',
};

function connectFailure(reason: string, limitMs: number): FailureDetail {
  const timeout = { cause: 'timeout', stage: 'tcp', limitMs } as const;
  if (/refused/.test(reason)) return { cause: 'refused' };
  if (/timed out/.test(reason)) return timeout;
  if (/no route to host/i.test(reason)) return { ...timeout, detail: 'no route to the host' };
  if (/network is unreachable/i.test(reason)) return { ...timeout, detail: 'the network is unreachable' };
  return { cause: 'closed', stage: 'tcp', detail: reason };
}

/** The first of its sentences that fits; a jump host's stand in the error output. */
function findEarlier(pattern: RegExp, { said, errorOutput }: OpensshContext): RegExpExecArray | null {
  const found = [...said, ...errorOutput].map((line) => pattern.exec(line));
  return found.find((match) => match !== null) ?? null;
}

/** ssh's last word is no more than `failure` then. */
function sourceFailure(sentence: string, context: OpensshContext): FailureDetail | null {
  const found = findEarlier(/^(?:bind|getaddrinfo:|getifaddrs:) (\S+): (.*)$/, context);
  if (found === null || !sentence.endsWith(': failure')) return null;
  return unusableSource(detailOf(found), detailOf(found, 2));
}

type Explain = (found: RegExpExecArray, context: OpensshContext) => FailureDetail;

const detailOf = (found: RegExpExecArray, group = 1) => found[group] ?? '';

const shownKey = ({ hostKey }: OpensshContext) => ({
  keyType: hostKey === null ? 'SSH' : keyTypeName(hostKey.keyType),
  fingerprint: hostKey?.fingerprint ?? 'not shown',
});

/** ssh goes on with the bare key then. */
function certificateProblem(context: OpensshContext): { certificateProblem?: string } {
  const found = findEarlier(/^Certificate invalid: (.*)$/, context);
  return found === null ? {} : { certificateProblem: detailOf(found) };
}

const closed = (context: OpensshContext, detail: string): FailureDetail => ({
  cause: 'closed',
  stage: context.stage,
  detail,
});

function hungUp(context: OpensshContext, how: string): FailureDetail {
  if (context.stage !== 'banner') return closed(context, `the server hung up (${how})`);
  return closed(context, `the server hung up before its banner (MaxStartups?): ${how}`);
}

/** ssh's sentences, those first that say more. */
const sentences: readonly [RegExp, Explain][] = [
  [
    /Could not resolve hostname .*?: (.*)$/,
    (found) => ({ cause: 'dns', detail: dnsTexts[detailOf(found)] ?? detailOf(found) }),
  ],
  [
    /^ssh: connect to (?:host|address) .* port \d+: (.*)$/,
    (found, context) => sourceFailure(found[0], context) ?? connectFailure(detailOf(found), context.stageMs),
  ],
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    (_, context) => ({
      cause: 'host-key-changed',
      ...shownKey(context),
      knownHostsFile: context.offendingFile ?? '~/.ssh/known_hosts',
      lookup: context.lookup,
      acceptCommand: context.acceptCommand,
    }),
  ],
  [
    /revoked by file (.*)$|REVOKED HOST KEY|is marked as revoked/,
    (found, context) => ({
      cause: 'host-key-revoked',
      ...shownKey(context),
      knownHostsFile: detailOf(found) || (context.offendingFile ?? 'the known hosts file'),
    }),
  ],
  [
    /^Error checking host key .* in revoked keys file (.*): (.*)$/,
    (found) => unusableRevocations(detailOf(found), detailOf(found, 2)),
  ],
  [
    /^No \S+ host key is known for|^Host key verification failed/,
    (_, context) => ({
      cause: 'host-key-unknown',
      ...shownKey(context),
      acceptCommand: context.acceptCommand,
      ...certificateProblem(context),
    }),
  ],
  [
    /^Unable to negotiate with .* port \d+: (.*)$/,
    (found) => ({ cause: 'key-exchange', detail: detailOf(found) }),
  ],
  [
    /^Bad server host key: (?:Invalid key length)?(.*)$/,
    (found) => ({
      cause: 'key-exchange',
      detail: detailOf(found) || 'the host key is too short for RequiredRSASize',
    }),
  ],
  [
    /Permission denied \([a-z0-9@.,-]*\)|Too many authentication failures|No supported authentication methods/i,
    (_, { user, tried }) => ({ cause: 'auth', user, tried }),
  ],
  [/maxstartups|not allowed at this time/i, (found) => ({ cause: 'session-limit', detail: found.input })],
  [/^channel \d+: open failed: (.*)$/, (found) => ({ cause: 'session-limit', detail: detailOf(found) })],
  [
    /^(exec request|shell request) failed on channel/,
    (found) => ({ cause: 'no-shell', detail: `the server refused to run a command (${detailOf(found)})` }),
  ],
  [
    /^Timeout, server .* not responding|timed out during banner exchange|^Connection to .* timed out/,
    (_, { stage, stageMs, silenceLimitMs }) => ({
      cause: 'timeout',
      stage,
      limitMs: stage === null ? silenceLimitMs : stageMs,
    }),
  ],
  [
    /Bad configuration option|bad configuration options|^Bad owner or permissions on|: line \d+: |^percent_expand|unknown key \S+ in/,
    (found) => ({
      cause: 'config',
      detail: found.input,
      hint: 'Mend the ssh configuration where ssh says so.',
    }),
  ],
  [
    /^kex_exchange_identification: (.*)$|^ssh_exchange_identification: (.*)$/,
    (found, context) => hungUp(context, detailOf(found) || detailOf(found, 2)),
  ],
  [/^Received disconnect from .* port \d+:\d+: (.*)$/, (found, context) => closed(context, detailOf(found))],
  [
    /^client_loop: .*|^Connection (?:to .* )?(?:closed|reset)(?: by .*)?$|^ssh_dispatch_run_fatal: .*/,
    (found, context) => closed(context, found[0]),
  ],
];

function findSentence(lines: readonly string[], context: OpensshContext): FailureDetail | null {
  for (const [pattern, explain] of sentences) {
    for (const line of lines) {
      const found = pattern.exec(line);
      if (found) return explain(found, context);
    }
  }
  return null;
}

/** The one place where the words of ssh become ours. */
export function explainOpenssh(context: OpensshContext): FailureDetail {
  const found = findSentence(context.said, context);
  const brokeEarly = context.stage === 'tcp' || context.stage === 'name' || context.stage === 'banner';
  const isLost = found === null || found.cause === 'closed' || found.cause === 'timeout';
  // The proxy ended before the server had said a word: its own words tell why.
  if (context.proxied && brokeEarly && isLost) {
    const last = context.errorOutput.at(-1);
    return { cause: 'proxy', detail: `the ProxyCommand says: ${last ?? 'nothing, and ended'}` };
  }
  // sshd passes the words of PAM on, and then hangs up.
  const said =
    found?.cause === 'closed' && context.stage === 'login' ? explainLoginWords(context.errorOutput) : null;
  if (said !== null) return said;
  if (found !== null) return found;
  // Options are read before the log is opened.
  const early = context.stage === 'name' ? findSentence(context.errorOutput, context) : null;
  if (early !== null) return early;
  const last = context.said.at(-1) ?? context.errorOutput.at(-1);
  return closed(context, last ?? 'it ended without saying how');
}

/** What ssh to a jump host said on the way to a node, with that host's own facts. Null where it is no failure. */
export function explainHop(
  errorOutput: readonly string[],
  context: Omit<OpensshContext, 'said' | 'errorOutput' | 'stage' | 'proxied'>,
): FailureDetail | null {
  const forward = /^channel \d+: open failed: (?:connect failed: |administratively prohibited: )?(.*)$/;
  const refused = errorOutput.map((line) => forward.exec(line)).find((found) => found !== null);
  if (refused) {
    const prohibited = /prohibited/.test(refused[0]);
    const detail = prohibited
      ? `it does not pass connections on (AllowTcpForwarding?): ${detailOf(refused)}`
      : `it could not connect further: ${detailOf(refused)}`;
    return { cause: 'proxy', detail };
  }
  return findSentence(errorOutput, {
    ...context,
    said: [],
    errorOutput,
    stage: 'banner',
    proxied: false,
  });
}
