import type { AnyAuthMethod, ParsedKey } from 'ssh2';
import { algorithmsOfType, type PublicKey, sizeProblem } from '../host-keys/host-key.ts';
import type { SecretRequest } from '../secrets/secret-request.ts';
import type { IdentityFiles } from '../settings/identity-files.ts';
import { type Certificate, hasExpired } from '../settings/ssh-certificate.ts';
import type { SshSettings } from '../settings/ssh-settings-parse.ts';
import { type AgentClient, createAgentClient } from './agent.ts';
import type { IdentityFile } from './identities.ts';
import { type KeyOpener, LockedKey, parsePublicHalf } from './locked-key.ts';

/** A key to show to the server. */
export interface LoginCandidate {
  label: string;
  method: AnyAuthMethod;
}

/** Everything that one log-in can show. */
export interface LoginCandidates {
  list: LoginCandidate[];
  /** Keys that are there and cannot be used, with the reason. */
  leftOut: string[];
  close(): void;
}

export interface CandidateOptions {
  settings: SshSettings;
  identities: IdentityFiles;
  /** Null where nobody can be asked for a passphrase. */
  opener: KeyOpener | null;
  onMissing: (request: SecretRequest) => void;
}

interface Keys {
  agent: AgentClient | null;
  agentKeys: ParsedKey[];
  /** The agent's socket, where nobody answers: that of a session that has ended. */
  deadAgent: string | null;
  files: IdentityFile[];
}

const publicHalf = (key: ParsedKey) => key.getPublicSSH().toString('base64');

/** Why the configuration keeps a key from being shown; null where it does not. */
function whyUnwanted(settings: SshSettings, key: PublicKey): string | null {
  const accepted = settings.pubkeyAcceptedAlgorithms;
  const isAccepted =
    accepted.length === 0 || algorithmsOfType(key.type).some((name) => accepted.includes(name));
  return isAccepted
    ? sizeProblem(key, settings.requiredRsaBits)
    : `PubkeyAcceptedAlgorithms leaves ${key.type} out`;
}

const whyFileUnwanted = (settings: SshSettings, { type, publicKey }: IdentityFile) =>
  type === null || publicKey === null ? null : whyUnwanted(settings, { type, base64: publicKey });

function lockedCandidate(file: IdentityFile, options: CandidateOptions): LoginCandidate[] {
  const { path, encrypted, publicKey, type } = file;
  const { opener, onMissing, settings } = options;
  if (encrypted === null || opener === null) return [];
  const open = () => {
    const found = opener.open(path, encrypted);
    if (!('kind' in found)) return found;
    onMissing(found);
    return null;
  };
  const { user: username } = settings;
  const label = `${path} (it has a passphrase)`;
  if (publicKey === null || type === null) {
    // An old format without its public half: nothing can be shown before it is open.
    const key = open();
    return key === null ? [] : [{ label, method: { type: 'publickey', username, key } }];
  }
  const shown = parsePublicHalf(type, publicKey);
  return shown === null
    ? []
    : [{ label, method: { type: 'agent', username, agent: new LockedKey(shown, open) } }];
}

/** ssh's order: agent keys that the configuration names, other agent keys, files that no agent holds. */
function orderCandidates({ agent, agentKeys, files }: Keys, options: CandidateOptions): LoginCandidate[] {
  const { settings } = options;
  const { user: username } = settings;
  const named = new Map(files.filter((file) => file.publicKey).map((file) => [file.publicKey, file]));
  const isNamed = (key: ParsedKey) => named.has(publicHalf(key));
  const usable = agentKeys.filter(
    (key) => whyUnwanted(settings, { type: key.type, base64: publicHalf(key) }) === null,
  );
  const others = settings.identitiesOnly ? [] : usable.filter((key) => !isNamed(key));
  const held = new Set(usable.map(publicHalf));
  const fromAgent = [...usable.filter(isNamed), ...others].flatMap((key): LoginCandidate[] => {
    if (agent === null) return [];
    const name = named.get(publicHalf(key))?.path ?? (key.comment || key.type);
    return [{ label: `${name} from the agent`, method: { type: 'agent', username, agent: agent.only(key) } }];
  });
  const fromFiles = files.flatMap((file): LoginCandidate[] => {
    const { privateKey, publicKey, path } = file;
    if (publicKey !== null && held.has(publicKey)) return [];
    if (whyFileUnwanted(settings, file) !== null) return [];
    if (privateKey === null) return lockedCandidate(file, options);
    return [{ label: path, method: { type: 'publickey', username, key: privateKey } }];
  });
  return [...fromAgent, ...fromFiles];
}

function whyUnused(certificate: Certificate): string {
  if (!hasExpired(certificate)) return "only the system's ssh understands certificates";
  const ended = new Date(certificate.endsMs ?? 0).toISOString().slice(0, 16).replace('T', ' ');
  return `it has expired on ${ended} UTC`;
}

async function listLeftOut(
  { agentKeys, deadAgent, files }: Keys,
  { settings, opener, identities }: CandidateOptions,
): Promise<string[]> {
  const held = new Set(agentKeys.map(publicHalf));
  const useless = files.filter(
    (file) => !file.absentDefault && !(file.publicKey !== null && held.has(file.publicKey)),
  );
  const notes = useless.flatMap((file) => {
    const unwanted = whyFileUnwanted(settings, file);
    if (unwanted !== null) return [`${file.path} (not used: ${unwanted})`];
    if (file.encrypted !== null)
      return opener === null ? [`${file.path} (not used: it has a passphrase: use ssh-add)`] : [];
    return file.problem === null ? [] : [`${file.path} (not used: ${file.problem})`];
  });
  const certificates = await identities.findCertificates(settings);
  return [
    ...notes,
    ...certificates.map((found) => `${found.path} (not used: ${whyUnused(found)})`),
    ...(deadAgent === null ? [] : [`the agent (nobody answers at ${deadAgent})`]),
  ];
}

async function gatherKeys({ settings, identities }: CandidateOptions): Promise<Keys> {
  const { identityAgent, identityFiles } = settings;
  const agent = identityAgent === null ? null : createAgentClient(identityAgent);
  const [agentKeys, files] = await Promise.all([
    agent?.listKeys() ?? [],
    Promise.all(identityFiles.map(identities.read)),
  ]);
  return { agent, agentKeys: agentKeys ?? [], deadAgent: agentKeys === null ? identityAgent : null, files };
}

/** Finds the keys, in the order in which ssh shows them. */
export async function gatherCandidates(options: CandidateOptions): Promise<LoginCandidates> {
  const keys = await gatherKeys(options);
  const list = orderCandidates(keys, options);
  const leftOut = await listLeftOut(keys, options);
  return { list, leftOut, close: () => keys.agent?.close() };
}
