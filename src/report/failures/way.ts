import { shellCommand } from '../../lib/shell-quote.ts';
import type { Way } from '../failure-detail.ts';
import {
  type DetailOf,
  placeOf,
  type Sentences,
  seconds,
  stageNames,
  trimmed,
  verbose,
  type Words,
  whileIn,
} from './words.ts';

/** What fails on the way to a server, before anybody logs in. */

function describeTimeout(way: Way, detail: DetailOf<'timeout'>): string {
  const place = placeOf(way);
  if (detail.detail !== undefined) return `${place} cannot be reached: ${trimmed(detail.detail)}.`;
  const limit = seconds(detail.limitMs);
  if (detail.stage === null) return `${place} stopped answering: nothing was heard for ${limit}.`;
  if (detail.stage === 'shell')
    return `${place} let us in and did not run our command within ${limit} while ${stageNames.shell}.`;
  return `${place} did not answer within ${limit}${whileIn(detail.stage)}.`;
}

const LONGER = 'if it only needs longer, set stage-seconds for it in rollcall.toml';

/** What to look at depends on what has succeeded before. */
function timeoutHint(way: Way, { stage }: DetailOf<'timeout'>): string {
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

function describeUnknownKey(way: Way, detail: DetailOf<'host-key-unknown'>): Words {
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
    message: `The ${keyType} host key of ${placeOf(way)} is not known: ${detail.fingerprint}${notes.join('')}.`,
    hint: `${renew}If that is the node's fingerprint, accept it: ${shellCommand(detail.acceptCommand)}`,
  };
}

export const waySentences = {
  dns: ({ host }, { detail }) => ({
    message: `The name ${host} does not resolve: ${trimmed(detail)}.`,
    hint: `Check the spelling in the node list, then try: ${shellCommand(['getent', 'hosts', host])}`,
  }),
  refused: (way) => ({
    message: `${placeOf(way)} refused the connection: no SSH server listens there.`,
    hint: `Start sshd on the node or mend the port, then try: ${verbose(way)}`,
  }),
  timeout: (way, detail) => ({ message: describeTimeout(way, detail), hint: timeoutHint(way, detail) }),
  closed: (way, { stage, detail }) => ({
    message: `${placeOf(way)} closed the connection${whileIn(stage)}: ${trimmed(detail)}.`,
    hint: `Look at the server's log (journalctl -u ssh on the node) and try: ${verbose(way, '-v')}`,
  }),
  proxy: (way, { detail, hint }) => ({
    message: `The way through the proxy or jump host failed: ${trimmed(detail)}.`,
    hint: hint ?? `Try the same way by hand: ${verbose(way, '-v')}`,
  }),
  'key-exchange': (way, { detail }) => ({
    message: `${placeOf(way)} and this machine have no common algorithm: ${trimmed(detail)}.`,
    hint: `See what both sides offer: ${verbose(way, '-vv')}`,
  }),
  unreadable: (way, { stage, detail }) => ({
    message: `The SSH library of this head cannot read what ${placeOf(way)} sends${whileIn(stage)}: ${trimmed(detail)}.`,
    hint: `Where this gets in, transport = "openssh" for the node in rollcall.toml does, too: ${verbose(way, '-v')}`,
  }),
  'host-key-unknown': describeUnknownKey,
  'host-key-changed': (way, { keyType, fingerprint, knownHostsFile, lookup, acceptCommand }) => ({
    message: `The host key of ${placeOf(way)} has CHANGED: it now shows the ${keyType} key ${fingerprint}.`,
    hint:
      'Somebody may be listening in, or the node was set up anew. Compare the fingerprint another way first ' +
      '(on its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub). Only if it is the same: ' +
      `${shellCommand(['ssh-keygen', '-f', knownHostsFile, '-R', lookup])} && ${shellCommand(acceptCommand)}`,
  }),
  'host-key-revoked': (way, { keyType, fingerprint, knownHostsFile }) => ({
    message: `The ${keyType} host key of ${placeOf(way)} is marked as revoked: ${fingerprint}.`,
    hint: `It is named as revoked in ${knownHostsFile}; the node needs a new host key.`,
  }),
} satisfies Partial<Sentences>;
