import { COMMAND_NAME } from '../../lib/command-name.ts';
import { shellCommand } from '../../lib/shell-quote.ts';
import type { SecretNeed, Way } from '../failure-detail.ts';
import { type DetailOf, placeOf, type Sentences, trimmed, verbose, type Words } from './words.ts';

/** What fails while somebody logs in, until our command runs there. */

/** Asks for what nodes wait for. */
export const UNLOCK = `${COMMAND_NAME} unlock`;

const needText = ({ kind, label }: SecretNeed) => `the ${kind} of ${label}`;

function describeRefusedLogin(way: Way, detail: DetailOf<'auth'>): Words {
  const { user, tried, needs = [], secretRefused = false, keyWorkedBefore = false } = detail;
  const parts = [`${placeOf(way)} did not let ${user} in; tried: ${tried.join(', ') || 'nothing'}`];
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

export const loginSentences = {
  auth: describeRefusedLogin,
  'password-expired': (way, { detail }) => ({
    message: `The password of ${way.user ?? 'the account'} on ${way.node} has expired: ${trimmed(detail)}.`,
    hint: `Log in by hand and change it, or have its expiry lifted (chage on the node): ${verbose(way)}`,
  }),
  'account-refused': ({ node, user = 'the account' }, { detail, hint }) => ({
    message: `${node} does not let ${user} work there now: ${trimmed(detail)}.`,
    hint,
  }),
  'session-limit': (way, { detail, hint }) => ({
    message: `${placeOf(way)} refused another session: ${trimmed(detail)}.`,
    hint: hint ?? 'Raise MaxSessions or MaxStartups in sshd_config on that server, or close other sessions.',
  }),
  'node-limit': ({ node }, { detail, hint }) => ({
    message: `${node} is at a limit and ended the login: ${trimmed(detail)}.`,
    hint,
  }),
  'no-shell': (way, { detail, hint }) => ({
    message: `The account on ${way.host} has no shell to run a monitor in: ${trimmed(detail)}.`,
    hint: hint ?? `Give the account a login shell (chsh on the node), then try: ${verbose(way)} true`,
  }),
  'forced-command': (way, { detail }) => ({
    message: `The server runs another command instead of ours: ${trimmed(detail)}.`,
    hint:
      'Look for command="…" in authorized_keys, ForceCommand in sshd_config and a start-up file that runs something ' +
      `else for this key or user; until it is gone, this shows the same: ${verbose(way)} true`,
  }),
  'login-ended': (way, { detail }) => ({
    message: `The login at ${placeOf(way)} works, and ended before our command ran: ${trimmed(detail)}.`,
    hint: `Its words say why; the login shell, its start-up files or a forced command ended it. Try: ${verbose(way)} true`,
  }),
} satisfies Partial<Sentences>;
