import type { Stage } from './causes.ts';

/** What there is to say of a failure, before it is put into words (`failures.ts`). */

/** What the head knows of the way to a node. */
export interface Way {
  /** The node's name. */
  node: string;
  /** What a person would type to get there: `['ssh', '-F', 'file', 'gpu01']`; empty for the local one. */
  sshWords: readonly string[];
  /** Where the connection goes, after the settings were resolved. */
  host: string;
  port: number;
  /** Who logs in, once the settings were resolved. */
  user?: string;
}

/** A password of `user@host`, or the passphrase of a key file. */
export interface SecretNeed {
  kind: 'password' | 'passphrase';
  label: string;
}

export type FailureDetail =
  | { cause: 'dns'; detail: string }
  | { cause: 'refused' }
  /** `stage` is null where a connection that had worked went silent; `detail` where the system knew sooner. */
  | { cause: 'timeout'; stage: Stage | null; limitMs: number; detail?: string }
  | { cause: 'closed'; stage: Stage | null; detail: string }
  /** `hint` is the jump host's own, and `of` what failed there. */
  | { cause: 'proxy'; detail: string; hint?: string; needsPerson?: boolean; of?: FailureDetail }
  | { cause: 'key-exchange'; detail: string }
  /** Our own library could not go on with what the server sent; `stage` is null once the command ran. */
  | { cause: 'unreadable'; stage: Stage | null; detail: string }
  | {
      cause: 'host-key-unknown';
      keyType: string;
      fingerprint: string;
      acceptCommand: readonly string[];
      /** Only a certificate authority is known for the host. */
      authorityOnly?: boolean;
      /** Why the certificate that it showed was refused. */
      certificateProblem?: string;
    }
  | {
      cause: 'host-key-changed';
      keyType: string;
      fingerprint: string;
      knownHostsFile: string;
      lookup: string;
      acceptCommand: readonly string[];
      /** A certificate authority is known for the host, too. */
      authorityToo?: boolean;
    }
  | { cause: 'host-key-revoked'; keyType: string; fingerprint: string; knownHostsFile: string }
  | {
      cause: 'auth';
      user: string;
      tried: readonly string[];
      /** What only a person can say. */
      needs?: readonly SecretNeed[];
      secretRefused?: boolean;
      /** A key got in before and none does now: a password was not offered. */
      keyWorkedBefore?: boolean;
    }
  | { cause: 'password-expired'; detail: string }
  | { cause: 'account-refused'; detail: string; hint: string }
  /** `hint` where it is not about the server's own settings. */
  | { cause: 'session-limit'; detail: string; hint?: string }
  | { cause: 'node-limit'; detail: string; hint: string }
  | { cause: 'no-shell'; detail: string; hint?: string }
  | { cause: 'forced-command'; detail: string }
  /** The login works and something ended it; nobody knows what. */
  | { cause: 'login-ended'; detail: string }
  | { cause: 'no-runtime'; detail: string; hint: string }
  | { cause: 'libc'; detail: string }
  | { cause: 'noexec'; folders: readonly string[] }
  | { cause: 'no-space'; folders: readonly string[]; neededMiB: number }
  | { cause: 'monitor-crashed'; detail: string }
  | { cause: 'monitor-silent'; silentMs: number }
  /** `isFlood` where it is not what it sends but how much. */
  | { cause: 'protocol'; detail: string; isFlood?: boolean }
  | { cause: 'config'; detail: string; hint: string }
  | { cause: 'tool-missing'; tool: string; hint: string }
  /** This machine lets the head do no more; `limit` where it is known. */
  | { cause: 'head-limit'; what: HeadLimit; limit: number | null; detail: string }
  /** Something that nobody thought of, on the head itself. */
  | { cause: 'head-error'; detail: string };

/** Files of this process, files of the whole machine, processes. */
export type HeadLimit = 'files' | 'all-files' | 'processes';
