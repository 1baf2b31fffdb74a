import { COMMAND_NAME } from '../lib/command-name.ts';
import { cutText } from '../lib/cut-text.ts';
import { shellCommand } from '../lib/shell-quote.ts';
import { visibleText } from '../lib/visible-text.ts';
import { type Cause, type Failure, isRefusal, type Stage } from './causes.ts';
import type { FailureDetail, SecretNeed, Way } from './failure-detail.ts';

/**
 * Every sentence and hint about a node that is not live, in one place. Commands are built from the
 * head's own data, never from what a node said.
 */

const stageNames: Record<Stage, string> = {
  name: 'looking up the name',
  tcp: 'opening the TCP connection',
  banner: 'waiting for the SSH banner',
  keys: 'exchanging keys',
  login: 'logging in',
  shell: 'waiting for the login shell',
  runtime: 'bringing a runtime to the node',
  hello: "waiting for the monitor's first message",
};

const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`;
/** A node's words within a sentence: not too many. */
const MAX_DETAIL_LENGTH = 400;
const MAX_LINE_LENGTH = 500;
const MAX_LINES = 20;

const shorten = (text: string, maxLength: number) =>
  text.length > maxLength ? `${cutText(text, maxLength)}…` : text;
const trimmed = (detail: string) => shorten(detail.trimEnd(), MAX_DETAIL_LENGTH).replace(/[.\s]+$/, '');

/** Says how to reach the node by hand with more to read. */
function verbose(way: Way, ...extra: string[]): string {
  const [program = 'ssh', ...rest] = way.sshWords;
  return shellCommand([program, ...extra, ...rest]);
}

function describeTimeout(place: string, detail: Extract<FailureDetail, { cause: 'timeout' }>): string {
  if (detail.detail !== undefined) return `${place} cannot be reached: ${trimmed(detail.detail)}.`;
  const limit = seconds(detail.limitMs);
  if (detail.stage === null) return `${place} stopped answering: nothing was heard for ${limit}.`;
  if (detail.stage === 'shell')
    return `${place} let us in and did not run our command within ${limit} while ${stageNames.shell}.`;
  return `${place} did not answer within ${limit} while ${stageNames[detail.stage]}.`;
}

const LONGER = 'if it only needs longer, set stage-seconds for it in rollcall.toml';

/** What to look at depends on what has succeeded before. */
function timeoutHint(way: Way, { stage }: Extract<FailureDetail, { cause: 'timeout' }>): string {
  const look = `${verbose(way)} true`;
  switch (stage) {
    case null:
    case 'name':
    case 'tcp':
      return `Check that the node is up and no firewall drops packets: ${verbose(way, '-v')}`;
    case 'banner':
      return `Its sshd may hang or be overloaded, or the way there be slow (${LONGER}): ${verbose(way, '-v')}`;
    case 'keys':
      return `The server answers: it may be overloaded, or large packets be lost on the way (MTU): ${verbose(way, '-v')}`;
    case 'login':
      return `The server looks into the login for long: PAM, a directory, name look-ups (${LONGER}): ${look}`;
    case 'shell':
      return (
        'The login works. A forced command or a start-up file may wait, or the session open slowly ' +
        `(PAM, home directory; ${LONGER}). See whether this ends: ${look}`
      );
    case 'runtime':
    case 'hello':
      return `The login works; the node may be overloaded or its home directory slow (${LONGER}): ${look}`;
  }
}
/** Asks for what nodes wait for. */
export const UNLOCK = `${COMMAND_NAME} unlock`;

const needText = ({ kind, label }: SecretNeed) => `the ${kind} of ${label}`;

function describeRefusedLogin(
  way: Way,
  place: string,
  detail: Extract<FailureDetail, { cause: 'auth' }>,
): { message: string; hint: string } {
  const { user, tried, needs = [], secretRefused = false, keyWorkedBefore = false } = detail;
  const parts = [`${place} did not let ${user} in; tried: ${tried.join(', ') || 'nothing'}`];
  if (keyWorkedBefore) {
    parts.push('a key got in here before, and a password is not offered to such a server');
    const hint =
      'Find out why no key gets in any more: a server that somebody has taken over would ask for a password like this. ' +
      `If all is well, say so by giving it: ${UNLOCK}`;
    return { message: `${parts.join('; ')}.`, hint };
  }
  if (secretRefused) parts.push('the password given was refused');
  const unknown = needs.filter((need) => need.kind === 'passphrase' || !secretRefused);
  if (unknown.length > 0) parts.push(`nobody has said ${unknown.map(needText).join(' and ')} yet`);
  const message = `${parts.join('; ')}.`;
  const key = needs.find((need) => need.kind === 'passphrase');
  const elsewhere = 'or set password-file or askpass in rollcall.toml';
  if (key) return { message, hint: `${shellCommand(['ssh-add', key.label])}, or ${UNLOCK}, ${elsewhere}` };
  if (needs.length > 0 || secretRefused)
    return { message, hint: `Give the password once: ${UNLOCK} (${elsewhere})` };
  return { message, hint: `Make this work without a question first: ${verbose(way, '-o', 'BatchMode=yes')}` };
}

function describeUnknownKey(
  place: string,
  detail: Extract<FailureDetail, { cause: 'host-key-unknown' }>,
): { message: string; hint: string } {
  const { keyType, authorityOnly = false, certificateProblem } = detail;
  const notes = [
    ...(authorityOnly
      ? [' (only a certificate authority is, and host certificates are not understood yet)']
      : []),
    ...(certificateProblem === undefined
      ? []
      : [`; its certificate is refused: ${trimmed(certificateProblem)}`]),
  ];
  const renew =
    certificateProblem === undefined
      ? ''
      : 'Renew the certificate (the one in use, on the node: ssh-keygen -Lf /etc/ssh/ssh_host_ed25519_key-cert.pub). ';
  return {
    message: `The ${keyType} host key of ${place} is not known: ${detail.fingerprint}${notes.join('')}.`,
    hint: `${renew}If that is the node's fingerprint, accept it: ${shellCommand(detail.acceptCommand)}`,
  };
}

function describe(way: Way, detail: FailureDetail): { message: string; hint: string } {
  const place = `${way.host} port ${way.port}`;
  switch (detail.cause) {
    case 'dns':
      return {
        message: `The name ${way.host} does not resolve: ${trimmed(detail.detail)}.`,
        hint: `Check the spelling in the node list, then try: ${shellCommand(['getent', 'hosts', way.host])}`,
      };
    case 'refused':
      return {
        message: `${place} refused the connection: no SSH server listens there.`,
        hint: `Start sshd on the node or mend the port, then try: ${verbose(way)}`,
      };
    case 'timeout':
      return {
        message: describeTimeout(place, detail),
        hint: timeoutHint(way, detail),
      };
    case 'closed':
      return {
        message: `${place} closed the connection${detail.stage ? ` while ${stageNames[detail.stage]}` : ''}: ${trimmed(detail.detail)}.`,
        hint: `Look at the server's log (journalctl -u ssh on the node) and try: ${verbose(way, '-v')}`,
      };
    case 'proxy':
      return {
        message: `The way through the proxy or jump host failed: ${trimmed(detail.detail)}.`,
        hint: detail.hint ?? `Try the same way by hand: ${verbose(way, '-v')}`,
      };
    case 'key-exchange':
      return {
        message: `${place} and this machine have no common algorithm: ${trimmed(detail.detail)}.`,
        hint: `See what both sides offer: ${verbose(way, '-vv')}`,
      };
    case 'unreadable':
      return {
        message: `The SSH library of this head cannot read what ${place} sends${detail.stage ? ` while ${stageNames[detail.stage]}` : ''}: ${trimmed(detail.detail)}.`,
        hint: `Where this gets in, transport = "openssh" for the node in rollcall.toml does, too: ${verbose(way, '-v')}`,
      };
    case 'host-key-unknown':
      return describeUnknownKey(place, detail);
    case 'host-key-changed':
      return {
        message: `The host key of ${place} has CHANGED: it now shows the ${detail.keyType} key ${detail.fingerprint}.`,
        hint:
          'Somebody may be listening in, or the node was set up anew. Compare the fingerprint another way first ' +
          '(on its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub). Only if it is the same: ' +
          `${shellCommand(['ssh-keygen', '-f', detail.knownHostsFile, '-R', detail.lookup])} && ${shellCommand(detail.acceptCommand)}`,
      };
    case 'host-key-revoked':
      return {
        message: `The ${detail.keyType} host key of ${place} is marked as revoked: ${detail.fingerprint}.`,
        hint: `It is named as revoked in ${detail.knownHostsFile}; the node needs a new host key.`,
      };
    case 'auth':
      return describeRefusedLogin(way, place, detail);
    case 'password-expired':
      return {
        message: `The password of ${way.user ?? 'the account'} on ${way.node} has expired: ${trimmed(detail.detail)}.`,
        hint: `Log in by hand and change it, or have its expiry lifted (chage on the node): ${verbose(way)}`,
      };
    case 'account-refused':
      return {
        message: `${way.node} does not let ${way.user ?? 'the account'} work there now: ${trimmed(detail.detail)}.`,
        hint: detail.hint,
      };
    case 'session-limit':
      return {
        message: `${place} refused another session: ${trimmed(detail.detail)}.`,
        hint:
          detail.hint ??
          'Raise MaxSessions or MaxStartups in sshd_config on that server, or close other sessions.',
      };
    case 'node-limit':
      return {
        message: `${way.node} is at a limit and ended the login: ${trimmed(detail.detail)}.`,
        hint: detail.hint,
      };
    case 'no-shell':
      return {
        message: `The account on ${way.host} has no shell to run a monitor in: ${trimmed(detail.detail)}.`,
        hint:
          detail.hint ?? `Give the account a login shell (chsh on the node), then try: ${verbose(way)} true`,
      };
    case 'forced-command':
      return {
        message: `The server runs another command instead of ours: ${trimmed(detail.detail)}.`,
        hint:
          'Look for command="…" in authorized_keys, ForceCommand in sshd_config and a start-up file that runs something ' +
          `else for this key or user; until it is gone, this shows the same: ${verbose(way)} true`,
      };
    case 'login-ended':
      return {
        message: `The login at ${place} works, and ended before our command ran: ${trimmed(detail.detail)}.`,
        hint: `Its words say why; the login shell, its start-up files or a forced command ended it. Try: ${verbose(way)} true`,
      };
    case 'no-runtime':
      return {
        message: `No runtime for the monitor on ${way.node}: ${trimmed(detail.detail)}.`,
        hint: detail.hint,
      };
    case 'libc':
      return {
        message: `The shipped runtime does not start on ${way.node}: ${trimmed(detail.detail)}.`,
        hint: "Install Node.js 18.15 or later from the node's own distribution.",
      };
    case 'noexec':
      return {
        message: `Programs may not run from ${trimmed(detail.folders.join(' or '))} on ${way.node} (mounted noexec).`,
        hint: 'Install Node.js 18.15 or later on the node, or allow programs in ~/.cache.',
      };
    case 'no-space':
      return {
        message: `No room for the runtime (${detail.neededMiB} MiB) in ${trimmed(detail.folders.join(' or '))} on ${way.node}.`,
        hint: `Free some space, then see: ${verbose(way)} df -h`,
      };
    case 'monitor-crashed':
      return {
        message: `The monitor on ${way.node} ended: ${trimmed(detail.detail)}.`,
        hint: 'The last lines below and the log on the node say why; it is started again by itself.',
      };
    case 'monitor-silent':
      return {
        message: `The monitor on ${way.node} has said nothing for ${seconds(detail.silentMs)}.`,
        hint: `The node may be overloaded or its monitor stopped. Look: ${verbose(way)} ps -eo pid,stat,args`,
      };
    case 'protocol':
      if (detail.isFlood) {
        return {
          message: `${way.node} sends too much: ${trimmed(detail.detail)}.`,
          hint: `It is left alone for growing waits. See what runs there in place of a monitor: ${verbose(way)} ps -eo pid,user,args`,
        };
      }
      return {
        message: `${way.node} sent something that is not a monitor's message: ${trimmed(detail.detail)}.`,
        hint: 'If a start-up file or a wrapper prints there, silence it for commands run over ssh.',
      };
    case 'config':
      return {
        message: `The settings for ${way.node} do not work: ${trimmed(detail.detail)}.`,
        hint: detail.hint,
      };
    case 'tool-missing':
      return { message: `${detail.tool} is missing on this machine.`, hint: detail.hint };
    case 'head-limit':
      return describeHeadLimit(way, detail);
    case 'head-error':
      return {
        message: `The head made a mistake with ${way.node}: ${trimmed(detail.detail)}.`,
        hint: `It goes on after a wait; at once with: ${COMMAND_NAME} retry ${shellCommand([way.node])}`,
      };
  }
}

function describeHeadLimit(
  { node }: Way,
  { what, limit, detail }: Extract<FailureDetail, { cause: 'head-limit' }>,
): { message: string; hint: string } {
  const of = limit === null ? '' : ` (limit ${limit})`;
  const rest = `so that it cannot go to ${node}: ${trimmed(detail)}.`;
  switch (what) {
    case 'files':
      return {
        message: `This head has no free file descriptors${of}, ${rest}`,
        hint: 'Raise the limit and start the head again: ulimit -n 65536, or LimitNOFILE=65536 in a systemd unit.',
      };
    case 'all-files':
      return {
        message: `The machine of this head has no free file descriptors, ${rest}`,
        hint: 'See who holds so many files (lsof), or raise the limit of the machine: sysctl fs.file-max',
      };
    case 'processes':
      return {
        message: `This head may start no more processes, ${rest}`,
        hint: 'Raise the limit and start the head again: ulimit -u, or TasksMax= in a systemd unit; or free memory.',
      };
  }
}

/**
 * Makes the one text about a failure: it is shown as it is on the page, in the API, in logs and terminals, so
 * control characters are made visible here. `lastLines` are what the node or ssh said, newest last.
 */
export function createFailure(way: Way, detail: FailureDetail, lastLines: readonly string[] = []): Failure {
  const cause: Cause = detail.cause;
  const needsPerson = detail.cause === 'proxy' ? (detail.needsPerson ?? false) : isRefusal(cause);
  const { message, hint } = describe(way, detail);
  return {
    cause,
    message: visibleText(message),
    hint: visibleText(hint),
    lastLines: toLastLines(lastLines),
    needsPerson,
  };
}

/** The last lines heard as a failure tells them: few, short and visible. */
export function toLastLines(lines: readonly string[]): string[] {
  return lines.slice(-MAX_LINES).map((line) => visibleText(shorten(line, MAX_LINE_LENGTH)));
}

/** A failure as lines of text: sentence, hint, and what was heard last. */
export function failureLines({
  message,
  hint,
  lastLines,
}: {
  message: string | null;
  hint: string | null;
  lastLines: readonly string[];
}): string[] {
  const sentences = [message, hint].filter((text) => text !== null && text !== '') as string[];
  return [...sentences, ...lastLines.map((line) => `| ${line}`)];
}
