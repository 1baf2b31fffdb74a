import type { FailureDetail } from '../../report/failure-detail.ts';

/** What sshd, PAM, the kernel and well-known programs say where a login is no use. Each sentence is theirs, not a guess. */
interface Sentence {
  pattern: RegExp;
  explain(line: string): FailureDetail;
}

const CLOSED_HINT =
  'Wait until the node lets users in again; what keeps them out is /etc/nologin, /run/nologin or a unit that starts or stops.';
const POLICY_HINT =
  "The node's own rules (PAM, sshd_config) keep this account out; whoever looks after the node can let it in.";
const JOBS_HINT =
  'The scheduler lets in only those who have a job there; ask for an exception for this account, or watch as one that has it.';
const FULL_HINT =
  'The node or the account has too many processes or too little memory: end some, or raise the limit (ulimit -u, pids.max).';
const LOGINS_HINT =
  'Close other logins of this account, or raise its limit (maxlogins and maxsyslogins in /etc/security/limits.conf, MaxSessions in sshd_config).';
const QUOTA_HINT = "Free some space of the account's quota or of the node's disk.";
const NO_SH_HINT = 'The monitor is started by /bin/sh: the node needs one there.';

const sentences: readonly Sentence[] = [
  {
    pattern:
      /^(?:WARNING: )?Your password has expired|^Password change required but no TTY|^You are required to change your password|^You must change your password now|^(?:Your )?[Pp]assword (?:has )?expired\b/,
    explain: (detail) => ({ cause: 'password-expired', detail }),
  },
  {
    pattern: /pam_slurm|no active jobs on this node|you have no active jobs/i,
    explain: (detail) => ({ cause: 'account-refused', detail, hint: JOBS_HINT }),
  },
  {
    pattern:
      /^(?:System is (?:booting up|going down)|The system is going down)|not permitted to log in yet|\bpam_nologin\b|^Logins? (?:are|is) (?:currently )?(?:disabled|not allowed|not permitted)/i,
    explain: (detail) => ({ cause: 'account-refused', detail, hint: CLOSED_HINT }),
  },
  {
    pattern:
      /^Your account has expired|^(?:Your |This )?account (?:is |has been )?(?:locked|disabled|expired)|^(?:PAM: )?(?:Access|Permission) denied (?:by|for user|: user)|^Access denied: user |denied by .{1,60} (?:policy|configuration)|^User \S+ (?:is )?not allowed/i,
    explain: (detail) => ({ cause: 'account-refused', detail, hint: POLICY_HINT }),
  },
  {
    pattern: /^There were too many logins|^Too many logins|maximum number of (?:sessions|logins)/i,
    explain: (detail) => ({ cause: 'session-limit', detail, hint: LOGINS_HINT }),
  },
  {
    pattern:
      /\b(?:cannot|can't|can not|unable to) fork\b|\bfork: |\bfork failed\b|\bfork:? .*Resource temporarily unavailable|^No more processes|Cannot allocate memory$/i,
    explain: (detail) => ({ cause: 'node-limit', detail, hint: FULL_HINT }),
  },
  {
    pattern: /Disk quota exceeded$|No space left on device$/i,
    explain: (detail) => ({ cause: 'node-limit', detail, hint: QUOTA_HINT }),
  },
  {
    pattern: /\/bin\/sh'?"?: (?:command )?not found|\/bin\/sh: No such file or directory/,
    explain: (detail) => ({ cause: 'no-shell', detail, hint: NO_SH_HINT }),
  },
];

/** What a login's last words mean where they are well known; null for all others. */
export function explainLoginWords(lines: readonly string[]): FailureDetail | null {
  for (const { pattern, explain } of sentences) {
    const found = lines.find((line) => pattern.test(line.trim()));
    if (found !== undefined) return explain(found.trim());
  }
  return null;
}

/** sshd itself leaves so, after the words of /etc/nologin. */
export const NOLOGIN_EXIT_CODE = 254;

/** The last line is what /etc/nologin says. */
export function explainNologin(lines: readonly string[]): FailureDetail {
  return {
    cause: 'account-refused',
    detail: lines.at(-1) ?? 'it lets nobody in (/etc/nologin)',
    hint: CLOSED_HINT,
  };
}

const ANCHOR_LENGTH = 20;
const OURS = '[our command]';
/** A line quotes it once or twice; a hostile one may repeat it for ever. */
const MAX_QUOTES = 8;
const MAX_LINE_LENGTH = 8192;

/** How much of `text` stands in `line` from `at` on. */
function commonLength(line: string, at: number, text: string): number {
  let length = 0;
  while (length < text.length && line[at + length] === text[length]) length += 1;
  return length;
}

/**
 * A line without our own command, which programs quote that cannot do with it: it says nothing and hides the rest. Also
 * without the row of marks that points at it.
 */
export function withoutOurCommand(line: string, command: string): string {
  let text = line.slice(0, MAX_LINE_LENGTH);
  const inside = command.slice(command.indexOf("'") + 1);
  for (const ours of [command, inside]) {
    if (ours.length < ANCHOR_LENGTH) continue;
    const anchor = ours.slice(0, ANCHOR_LENGTH);
    for (let quotes = 0; quotes < MAX_QUOTES; quotes += 1) {
      const at = text.indexOf(anchor);
      if (at < 0) break;
      text = text.slice(0, at) + OURS + text.slice(at + commonLength(text, at, ours));
    }
  }
  return text.replace(/([~^])\1{19,}/g, '$1…');
}
