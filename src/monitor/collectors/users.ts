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

/**
 * Names of users. Those of a directory service (LDAP, SSSD) are asked for once each through
 * `getent`; until it answers, and where it does not, the number stands for the name.
 */
export function createUserNames(system: System): (uid: number) => string {
  let local = new Map<number, string>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  const asked = new Map<number, string>();

  function refresh(): void {
    const nowMs = system.monotonicMs();
    if (nowMs - readAtMs < PASSWD_REREAD_MS) return;
    readAtMs = nowMs;
    local = parsePasswd(system.tryReadText('/etc/passwd') ?? '');
  }

  function ask(uid: number): void {
    asked.set(uid, String(uid));
    const getent = system.findProgram('getent');
    if (getent === null) return;
    system
      .run(getent, ['passwd', String(uid)], LOOKUP_LIMIT_MS)
      .then((line) => asked.set(uid, parsePasswd(line).get(uid) ?? String(uid)))
      .catch(() => undefined);
  }

  return (uid) => {
    refresh();
    const name = local.get(uid);
    if (name !== undefined) return name;
    if (!asked.has(uid)) ask(uid);
    return asked.get(uid) ?? String(uid);
  };
}
