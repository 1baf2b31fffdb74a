import { access } from 'node:fs/promises';
import { readSignature } from '../settings/file-signature.ts';
import { createKeptAnswers } from '../settings/kept-answers.ts';
import type { RunTool } from '../settings/run-tool.ts';
import type { SshSettings } from '../settings/ssh-settings-parse.ts';
import type { PublicKey } from './host-key.ts';

/** A line of a known_hosts file that speaks of a host. */
export interface KnownKey extends PublicKey {
  marker: 'none' | 'revoked' | 'certificate-authority';
  file: string;
  line: number;
}

export type HostKeyVerdict =
  | { kind: 'match'; known: KnownKey }
  | { kind: 'unknown'; authorityOnly: boolean }
  | { kind: 'changed'; known: KnownKey; authorityToo: boolean }
  | { kind: 'revoked'; known: KnownKey };

/** The name under which ssh looks a host up: the alias as it is, else `host` or `[host]:port`. */
export function knownHostsName(settings: Pick<SshSettings, 'hostKeyAlias' | 'hostName' | 'port'>): string {
  if (settings.hostKeyAlias !== null) return settings.hostKeyAlias;
  const host = settings.hostName.toLowerCase();
  return settings.port === 22 ? host : `[${host}]:${settings.port}`;
}

/** For a port of its own, where nothing is known, ssh looks for the host without its port; null for no such look. */
export function nameWithoutPort(
  settings: Pick<SshSettings, 'hostKeyAlias' | 'hostName' | 'port'>,
): string | null {
  return settings.hostKeyAlias !== null || settings.port === 22 ? null : settings.hostName.toLowerCase();
}

/**
 * ssh's own rule: a revoked key never; the very same key is a match; any other key that is known for
 * the host, of whatever type, makes this one a changed key.
 */
export function judgeHostKey(presented: PublicKey, known: readonly KnownKey[]): HostKeyVerdict {
  const same = known.filter((key) => key.base64 === presented.base64);
  const revoked = same.find((key) => key.marker === 'revoked');
  if (revoked) return { kind: 'revoked', known: revoked };
  const match = same.find((key) => key.marker === 'none');
  if (match) return { kind: 'match', known: match };
  const other = known.find((key) => key.marker === 'none');
  const hasAuthority = known.some((key) => key.marker === 'certificate-authority');
  if (other) return { kind: 'changed', known: other, authorityToo: hasAuthority };
  return { kind: 'unknown', authorityOnly: hasAuthority };
}

const markers = new Map<string, KnownKey['marker']>([
  ['@revoked', 'revoked'],
  ['@cert-authority', 'certificate-authority'],
]);

/** Reads what `ssh-keygen -F` prints: a comment with the line's number, then the line. */
export function parseFoundKeys(text: string, file: string): KnownKey[] {
  let line = 0;
  return text.split('\n').flatMap((row) => {
    const header = /^# Host .* found: line (\d+)/.exec(row);
    if (header) line = Number(header[1]);
    if (row.startsWith('#')) return [];
    const words = row.trim().split(/\s+/);
    const marker = markers.get(words[0] ?? '') ?? 'none';
    const [, type, base64] = marker === 'none' ? words : words.slice(1);
    return type && base64 ? [{ type, base64, marker, file, line }] : [];
  });
}

export interface KnownHosts {
  /** The keys known under this name, the user's files first. */
  lookUp(name: string, files: readonly string[]): Promise<KnownKey[]>;
}

const MAX_KEPT = 50_000;
/** Of a thousand nodes that log in together, several do within so short a time. */
const SIGNATURE_KEPT_MS = 100;

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function askKeygen(run: RunTool, name: string, file: string): Promise<KnownKey[]> {
  if (!(await exists(file))) return [];
  // Understands hashes, lists, wildcards and negation. Ends with 1 where there is none.
  const answer = await run('ssh-keygen', ['-F', name, '-f', file]);
  return parseFoundKeys(answer.stdout, file);
}

/** Looks hosts up with `ssh-keygen -F`; answers are kept while the file stays the same. */
export function createKnownHosts(run: RunTool): KnownHosts {
  const signatures = createKeptAnswers<string>(SIGNATURE_KEPT_MS);
  const answers = new Map<string, { signature: string; keys: Promise<KnownKey[]> }>();

  async function lookUpIn(name: string, file: string): Promise<KnownKey[]> {
    const signature = await signatures.get(file, () => readSignature([file]));
    const id = `${name}\n${file}`;
    const kept = answers.get(id);
    if (kept?.signature === signature) return kept.keys;
    if (answers.size > MAX_KEPT) answers.clear();
    const keys = askKeygen(run, name, file);
    answers.set(id, { signature, keys });
    keys.catch(() => answers.delete(id));
    return keys;
  }

  return {
    async lookUp(name, files) {
      const found = await Promise.all(files.map((file) => lookUpIn(name, file)));
      return found.flat();
    },
  };
}
