import { createHash } from 'node:crypto';
import ssh2, {
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import type { PassphraseRequest } from '../secrets/secret-request.ts';
import { passphraseRequest } from '../secrets/secret-request.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { parsePrivate } from './identities.ts';

/** Opens keys that have a passphrase. */
export interface KeyOpener {
  /** The private half, or what is missing. */
  open(path: string, text: string): ParsedKey | PassphraseRequest;
}

/** Turning a passphrase into a key takes a tenth of a second, and a thousand nodes may share one. */
const MAX_KEPT = 64;

/** Tells `secrets` which passphrases were right and which were not; the last 64 keys are kept open. */
export function createKeyOpener(secrets: Secrets): KeyOpener {
  const opened = new Map<string, ParsedKey>();
  return {
    open(path, text) {
      const request = passphraseRequest(path);
      const passphrase = secrets.find(request);
      if (passphrase === null) return request;
      const id = createHash('sha256').update(`${text}\0${passphrase}`).digest('base64');
      const kept = opened.get(id);
      if (kept) return kept;
      const parsed = parsePrivate(text, passphrase);
      if ('problem' in parsed) {
        secrets.refused(request);
        return request;
      }
      secrets.accepted(request);
      if (opened.size >= MAX_KEPT) opened.clear();
      opened.set(id, parsed.privateKey);
      return parsed.privateKey;
    },
  };
}

/** Shows the public half; its passphrase is wanted only once the server has taken that, as ssh does it. */
export class LockedKey extends ssh2.BaseAgent<ParsedKey> {
  readonly #publicKey: ParsedKey;
  readonly #open: () => ParsedKey | null;

  /** `open` gives null where nobody has said the passphrase. */
  constructor(publicKey: ParsedKey, open: () => ParsedKey | null) {
    super();
    this.#publicKey = publicKey;
    this.#open = open;
  }

  getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [this.#publicKey]);
  }

  sign(
    _key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback;
    const hash = typeof options === 'function' ? undefined : options.hash;
    const key = this.#open();
    const signature = key === null ? new Error('the key is locked') : key.sign(data, hash);
    if (signature instanceof Error) done?.(signature);
    else done?.(undefined, signature);
  }
}

/** The public half as ssh2 wants it; null where it cannot be read. */
export function parsePublicHalf(type: string, base64: string): ParsedKey | null {
  const parsed = ssh2.utils.parseKey(`${type} ${base64}`);
  if (parsed instanceof Error) return null;
  return Array.isArray(parsed) ? (parsed[0] ?? null) : parsed;
}
