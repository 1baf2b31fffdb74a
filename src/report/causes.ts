/** Why a node is not live. Users and other programs rely on these names. */
export const causes = [
  'dns',
  'refused',
  'timeout',
  'closed',
  'proxy',
  'key-exchange',
  'unreadable',
  'host-key-unknown',
  'host-key-changed',
  'host-key-revoked',
  'auth',
  'password-expired',
  'account-refused',
  'session-limit',
  'node-limit',
  'no-shell',
  'forced-command',
  'login-ended',
  'no-runtime',
  'libc',
  'noexec',
  'no-space',
  'monitor-crashed',
  'monitor-silent',
  'protocol',
  'config',
  'tool-missing',
  'head-limit',
  'head-error',
] as const;
export type Cause = (typeof causes)[number];

/** The steps of a connection, in order. Each has a limit of its own. */
export const stages = ['name', 'tcp', 'banner', 'keys', 'login', 'shell', 'runtime', 'hello'] as const;
export type Stage = (typeof stages)[number];

/** What went wrong with one node, told the same way in log, page, API and command line. */
export interface Failure {
  cause: Cause;
  /** One sentence. */
  message: string;
  /** What to do, with the exact command to try. Made of the head's own data only. */
  hint: string;
  /** The last lines that the node or ssh said; hostile text. */
  lastLines: string[];
  /** Only a person can mend it: tried again after 5 minutes or on demand, because servers ban addresses that knock. */
  needsPerson: boolean;
}

/** Refused logins and host keys, of the node or of a jump host on the way. */
export function isRefusal(cause: Cause): boolean {
  return cause === 'auth' || cause.startsWith('host-key-');
}
