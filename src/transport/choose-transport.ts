import { stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Target } from '../nodes/target.ts';
import { type KnownHosts, knownHostsName, nameWithoutPort } from './host-keys/known-hosts.ts';
import { hopName, hopsBefore, type OpensshHop } from './openssh/command.ts';
import { resolveRoute } from './openssh/route.ts';
import { listAgentKeyTypes } from './settings/agent-key-types.ts';
import { settingsWords } from './settings/ask-ssh.ts';
import type { IdentityFiles } from './settings/identity-files.ts';
import { createKeptAnswers } from './settings/kept-answers.ts';
import type { RunTool } from './settings/run-tool.ts';
import { hasExpired } from './settings/ssh-certificate.ts';
import type { SettingsResolver } from './settings/ssh-settings.ts';
import type { SshSettings } from './settings/ssh-settings-parse.ts';
import { chooseAlgorithms } from './ssh2/algorithms.ts';

/** What carries a connection, and why where it is not the library. */
export interface TransportChoice {
  name: 'ssh2' | 'openssh';
  reason: string | null;
}

export interface ChooserOptions {
  resolver: SettingsResolver;
  knownHosts: KnownHosts;
  identities: IdentityFiles;
  run: RunTool;
  sshConfigFile: string | null;
}

export interface TransportChooser {
  /** What the files on this machine speak for. Never rejects: what cannot be settled is left to ssh2's own error. */
  choose(target: Target): Promise<TransportChoice>;
}

const KEPT_MS = 5_000;

/** Settings that are in use and that ssh2 cannot honour. */
function settingReason({ openssh, proxy, proxyUseFdpass, bindAddress }: SshSettings): string | null {
  if (openssh.knownHostsCommand !== null) return 'KnownHostsCommand is set';
  if (openssh.verifyHostKeyDns) return 'VerifyHostKeyDNS is set';
  if (openssh.pkcs11Provider !== null) return 'PKCS11Provider is set';
  if (openssh.securityKeyProvider !== null) return 'SecurityKeyProvider is set';
  if (openssh.hostbasedAuthentication) return 'host-based login is set up';
  if (proxy.kind === 'none' && openssh.bindInterface !== null) return 'BindInterface is set';
  if (proxy.kind === 'none' && bindAddress !== null && isIP(bindAddress) === 0)
    return 'BindAddress is a name';
  if (proxyUseFdpass && proxy.kind === 'command') return 'ProxyUseFdpass is set';
  return null;
}

function algorithmReason(settings: SshSettings): string | null {
  try {
    chooseAlgorithms(settings, []);
    return null;
  } catch {
    return 'the ssh configuration allows only algorithms that the library lacks';
  }
}

const isSecurityKey = (type: string) => type.startsWith('sk-');
const isCertificate = (type: string) => /-cert-v\d+@/.test(type);

/** Answers about keys, agents and tickets are kept for 5 s: a thousand nodes ask the same. */
export function createTransportChooser(options: ChooserOptions): TransportChooser {
  const { resolver, knownHosts, identities, run, sshConfigFile } = options;
  const masters = createKeptAnswers<boolean>(KEPT_MS);
  const agents = createKeptAnswers<string[]>(KEPT_MS);
  const tickets = createKeptAnswers<boolean>(KEPT_MS);

  async function certificateReason(settings: SshSettings): Promise<string | null> {
    const certificates = await identities.findCertificates(settings);
    const certificate = certificates.find((found) => !hasExpired(found));
    return certificate === undefined ? null : `there is a certificate (${certificate.path})`;
  }

  async function keyReason(settings: SshSettings): Promise<string | null> {
    if (!settings.pubkeyAuthentication) return ticketReason(settings);
    const types: string[] = [];
    for (const path of settings.identityFiles) {
      const { type } = await identities.read(path);
      if (type === null) continue;
      if (isSecurityKey(type)) return `${path} is a security key`;
      types.push(type);
    }
    const socket = settings.identityAgent;
    const agentTypes = socket === null ? [] : await agents.get(socket, () => listAgentKeyTypes(socket));
    const onlySsh = agentTypes.filter((type) => isSecurityKey(type) || isCertificate(type));
    if (types.length > 0 || agentTypes.length > onlySsh.length) return null;
    const [type] = onlySsh;
    if (type !== undefined)
      return `the agent holds nothing but ${isSecurityKey(type) ? 'a security key' : 'a certificate'}`;
    return ticketReason(settings);
  }

  /** `GSSAPIAuthentication yes` is Debian's default: it needs a ticket, and no key at all. */
  async function ticketReason({ openssh }: SshSettings): Promise<string | null> {
    if (!openssh.gssapiAuthentication) return null;
    const hasTicket = await tickets.get('', () =>
      run('klist', ['-s']).then(
        ({ code }) => code === 0,
        () => false,
      ),
    );
    return hasTicket ? 'there is a Kerberos ticket and no key' : null;
  }

  async function hostKeyReason(settings: SshSettings): Promise<string | null> {
    const files = [...settings.userKnownHostsFiles, ...settings.globalKnownHostsFiles];
    const withoutPort = nameWithoutPort(settings);
    let known = await knownHosts.lookUp(knownHostsName(settings), files);
    if (known.length === 0 && withoutPort !== null) known = await knownHosts.lookUp(withoutPort, files);
    const hasPlain = known.some((key) => key.marker === 'none');
    const hasAuthority = known.some((key) => key.marker === 'certificate-authority');
    return hasAuthority && !hasPlain ? 'only a certificate authority is known for its host key' : null;
  }

  /** No process where there is no socket. */
  async function masterReason({ place, settings }: OpensshHop): Promise<string | null> {
    const path = settings.controlPath;
    if (path === null) return null;
    const isSocket = await stat(path).then(
      (found) => found.isSocket(),
      () => false,
    );
    if (!isSocket) return null;
    const answers = await masters.get(path, async () => {
      const { code } = await run('ssh', ['-O', 'check', ...settingsWords(sshConfigFile, place)]);
      return code === 0;
    });
    return answers ? `a connection of yours is open (${path})` : null;
  }

  async function reasonFor(hop: OpensshHop): Promise<string | null> {
    const { settings } = hop;
    return (
      settingReason(settings) ??
      algorithmReason(settings) ??
      (await masterReason(hop)) ??
      (await certificateReason(settings)) ??
      (await keyReason(settings)) ??
      (await hostKeyReason(settings))
    );
  }

  async function reasonOnTheWay(route: OpensshHop): Promise<string | null> {
    const own = await reasonFor(route);
    if (own !== null) return own;
    for (const hop of hopsBefore(route)) {
      const reason = await reasonFor(hop);
      if (reason !== null) return `jump host ${hopName(hop)}: ${reason}`;
    }
    return null;
  }

  return {
    async choose({ host, user, port, settings }) {
      if (settings.transport !== 'auto') return { name: settings.transport, reason: 'set for this node' };
      try {
        const reason = await reasonOnTheWay(await resolveRoute(resolver, { host, user, port }));
        return { name: reason === null ? 'ssh2' : 'openssh', reason };
      } catch {
        return { name: 'ssh2', reason: null };
      }
    },
  };
}
