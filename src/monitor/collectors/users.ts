import type { System } from '../system.ts';

const LOOKUP_LIMIT_MS = 5_000;
const PASSWD_REREAD_MS = 60_000;

/** Parses `/etc/passwd` into user id → name. */
export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    if (name && uid && /^\d+$/.test(uid) && !names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}

export interface UserNames {
  /** Never waits: until a name is known, and where there is none, the number stands for it. */
  nameOf(uid: number): string;
  /** Changes whenever a name may have changed. */
  version(): number;
}

/** Questions at once: whoever has a range of user ids may run a process under each. */
const MAX_ASKING = 4;
const MAX_ASKED = 10_000;
/** A directory that did not answer, or did not know him, is asked again: it may have been away. */
const ASK_AGAIN_MS = 300_000;

interface Asked {
  /** Null while nothing is known. */
  name: string | null;
  askAgainMs: number;
}

/** Names of users; those of a directory service (LDAP, SSSD) are asked for through `getent`. */
export function createUserNames(system: System): UserNames {
  let passwd = '';
  let local = new Map<number, string>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  let asking = 0;
  let version = 0;
  const asked = new Map<number, Asked>();

  function refresh(nowMs: number): void {
    if (nowMs - readAtMs < PASSWD_REREAD_MS) return;
    readAtMs = nowMs;
    const text = system.tryReadText('/etc/passwd') ?? '';
    if (text === passwd) return;
    passwd = text;
    local = parsePasswd(text);
    version++;
  }

  function take(uid: number, answer: string): void {
    const name = parsePasswd(answer).get(uid);
    if (name === undefined || asked.get(uid)?.name === name) return;
    asked.set(uid, { name, askAgainMs: Number.POSITIVE_INFINITY });
    version++;
  }

  function ask(uid: number, nowMs: number): void {
    if (asking >= MAX_ASKING) return;
    if (asked.size >= MAX_ASKED) asked.clear();
    asked.set(uid, { name: null, askAgainMs: nowMs + ASK_AGAIN_MS });
    const getent = system.findProgram('getent');
    if (getent === null) return;
    asking++;
    system
      .run(getent, ['passwd', String(uid)], LOOKUP_LIMIT_MS)
      .then((answer) => take(uid, answer))
      .catch(() => undefined)
      .finally(() => {
        asking--;
      });
  }

  return {
    nameOf(uid) {
      const nowMs = system.monotonicMs();
      refresh(nowMs);
      const name = local.get(uid);
      if (name !== undefined) return name;
      if (nowMs >= (asked.get(uid)?.askAgainMs ?? 0)) ask(uid, nowMs);
      return asked.get(uid)?.name ?? String(uid);
    },
    version: () => version,
  };
}
