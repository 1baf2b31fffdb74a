import { access } from 'node:fs/promises';
import type { AnyAuthMethod, AuthenticationType, ParsedKey } from 'ssh2';
import { algorithmsOfType } from './host-key.ts';
import type { SshSettings } from './ssh-settings-parse.ts';
import { type AgentClient, createAgentClient } from './ssh2-agent.ts';
import { type IdentityFile, readIdentity } from './ssh2-identities.ts';

/** A key to show to the server. */
interface Candidate {
  label: string;
  method: AnyAuthMethod;
}

/** The log-in of one connection: which keys in which order, and what became of them. */
export interface Login {
  /** What to try next, as ssh2's authHandler; false when nothing is left. */
  next(methodsLeft: AuthenticationType[] | null, partialSuccess: boolean | null): AnyAuthMethod | false;
  /** What was tried and what was left out, for a person. */
  tried(): string[];
  /** The key that the server is looking at. */
  current(): string;
  close(): void;
}

/** A server counts every key against MaxAuthTries, which is 6 unless set. */
const MAX_KEYS = 6;

const methodName = /^[a-z0-9@.-]{1,40}$/;

function allows(settings: SshSettings, type: string): boolean {
  const accepted = settings.pubkeyAcceptedAlgorithms;
  return accepted.length === 0 || algorithmsOfType(type).some((name) => accepted.includes(name));
}

function takesPublicKeys(settings: SshSettings): boolean {
  const preferred = settings.preferredAuthentications;
  return settings.pubkeyAuthentication && (preferred === null || preferred.includes('publickey'));
}

const publicHalf = (key: ParsedKey) => key.getPublicSSH().toString('base64');

interface Keys {
  agent: AgentClient | null;
  agentKeys: ParsedKey[];
  files: IdentityFile[];
}

/** ssh's order: agent keys that the configuration names, other agent keys, files that no agent holds. */
function orderCandidates(settings: SshSettings, { agent, agentKeys, files }: Keys): Candidate[] {
  const { user: username } = settings;
  const named = new Map(files.filter((file) => file.publicKey).map((file) => [file.publicKey, file]));
  const isNamed = (key: ParsedKey) => named.has(publicHalf(key));
  const usable = agentKeys.filter((key) => allows(settings, key.type));
  const others = settings.identitiesOnly ? [] : usable.filter((key) => !isNamed(key));
  const held = new Set(usable.map(publicHalf));
  const fromAgent = [...usable.filter(isNamed), ...others].flatMap((key): Candidate[] => {
    if (agent === null) return [];
    const name = named.get(publicHalf(key))?.path ?? (key.comment || key.type);
    return [{ label: `${name} from the agent`, method: { type: 'agent', username, agent: agent.only(key) } }];
  });
  const fromFiles = files.flatMap((file): Candidate[] => {
    const { privateKey, publicKey, path } = file;
    if (privateKey === null || (publicKey !== null && held.has(publicKey))) return [];
    if (!allows(settings, privateKey.type)) return [];
    return [{ label: path, method: { type: 'publickey', username, key: privateKey } }];
  });
  return [...fromAgent, ...fromFiles];
}

/** Keys that are there and cannot be used, with the reason. */
async function listLeftOut(settings: SshSettings, { agentKeys, files }: Keys): Promise<string[]> {
  const held = new Set(agentKeys.map(publicHalf));
  const useless = files.filter(
    (file) => !file.absentDefault && !(file.publicKey !== null && held.has(file.publicKey)),
  );
  const notes = useless.flatMap((file) => {
    if (file.problem !== null) return [`${file.path} (not used: ${file.problem})`];
    const unwanted = file.type !== null && !allows(settings, file.type);
    return unwanted ? [`${file.path} (not used: PubkeyAcceptedAlgorithms leaves ${file.type} out)`] : [];
  });
  const certificates = [
    ...settings.certificateFiles,
    ...settings.identityFiles.map((path) => `${path}-cert.pub`),
  ];
  for (const path of certificates) {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) notes.push(`${path} (not used: certificates are not understood yet)`);
  }
  return notes;
}

async function gatherKeys(settings: SshSettings, home: string, userId: number): Promise<Keys> {
  const agent = settings.identityAgent === null ? null : createAgentClient(settings.identityAgent);
  const [agentKeys, files] = await Promise.all([
    agent?.listKeys() ?? [],
    Promise.all(settings.identityFiles.map((path) => readIdentity(path, home, userId))),
  ]);
  return { agent, agentKeys, files };
}

const noKeys: Keys = { agent: null, agentKeys: [], files: [] };

/** Makes the list of keys ready before the connection is opened. */
export async function prepareLogin(settings: SshSettings, home: string, userId: number): Promise<Login> {
  const publicKeys = takesPublicKeys(settings);
  const keys = publicKeys ? await gatherKeys(settings, home, userId) : noKeys;
  const candidates = orderCandidates(settings, keys);
  const leftOut = await listLeftOut(settings, keys);
  if (!publicKeys) leftOut.push('no public keys (switched off in the ssh configuration)');
  else if (candidates.length === 0 && leftOut.length === 0) leftOut.push('no key found');
  return createLogin(candidates, leftOut, settings.user, () => keys.agent?.close());
}

function createLogin(
  all: Candidate[],
  leftOut: readonly string[],
  username: string,
  close: () => void,
): Login {
  const candidates = all.slice(0, MAX_KEYS);
  const refused: string[] = [];
  const notes =
    all.length > MAX_KEYS ? [`${all.length - MAX_KEYS} more keys left out (servers allow ${MAX_KEYS})`] : [];
  let position = -1;

  function note(methodsLeft: string[], partialSuccess: boolean): void {
    const label = candidates[position]?.label;
    if (label === undefined) return;
    const wanted = methodsLeft.filter((name) => methodName.test(name)).join(' or ');
    refused.push(partialSuccess ? `${label} (accepted, but the server also wants ${wanted})` : label);
  }

  function offered(methodsLeft: string[]): void {
    const names = methodsLeft.filter((name) => methodName.test(name));
    if (!names.includes('publickey')) notes.push(`the server takes only ${names.join(', ') || 'nothing'}`);
  }

  return {
    next(methodsLeft, partialSuccess) {
      note(methodsLeft ?? [], partialSuccess === true);
      position += 1;
      const candidate = candidates[position];
      const useless = methodsLeft !== null && !methodsLeft.includes('publickey');
      if (candidate !== undefined && !useless) return candidate.method;
      // Like ssh, ask once without any key: the server may want none, or says what it takes.
      if (position === 0 && methodsLeft === null) return { type: 'none', username };
      if (methodsLeft !== null) offered(methodsLeft);
      return false;
    },
    tried: () => [...refused, ...leftOut, ...notes],
    current: () => candidates[position]?.label ?? 'no key',
    close,
  };
}
