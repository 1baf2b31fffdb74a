import type { Target } from '../nodes/target.ts';
import type { FailureDetail } from '../report/failure-detail.ts';
import type { FleetEvent } from '../report/fleet-event.ts';
import type { MonitorBundle } from '../transport/bootstrap/monitor-bundle.ts';
import type { ShippedRuntime } from '../transport/bootstrap/runtimes.ts';
import type { PasswordRequest } from '../transport/secrets/secret-request.ts';
import type { Place } from '../transport/settings/ask-ssh.ts';
import type { SshSettings } from '../transport/settings/ssh-settings-parse.ts';
import type { Farewell } from './node-life.ts';

/** What the head's main thread and a thread that carries a part of the fleet say to each other. */

/** Given to a thread at its start. */
export interface ShardSettings {
  homeFolder: string;
  sshConfig: string | null;
  environment: NodeJS.ProcessEnv;
  monitor: MonitorBundle;
  headId: string;
  handshakes: { total: number; perJumpHost: number; reservedDescriptors: number };
}

export type ToShard =
  | { type: 'targets'; targets: Target[] }
  | { type: 'watched'; names: string[] }
  | { type: 'askers'; names: string[] }
  | { type: 'retry'; name: string }
  | { type: 'look'; name: string }
  | { type: 'answer'; id: number; answer: Answer }
  | { type: 'stop'; limitMs: number };

/** What only the main thread looks up, so that it is looked up once. */
export type Question = { what: 'settings'; place: Place } | { what: 'runtime'; machine: string };
export type Answer =
  | { ok: true; value: SshSettings | ShippedRuntime | null }
  | { ok: false; detail: FailureDetail; lastLines: readonly string[] };

export type FromShard =
  /** What happened to nodes, in order. */
  | { type: 'events'; events: FleetEvent[] }
  | { type: 'question'; id: number; question: Question }
  /** This node needs more than a plain login: a password, or the system's ssh. */
  | { type: 'misfit'; name: string }
  /** A key alone got in there. */
  | { type: 'key-login'; account: PasswordRequest }
  | { type: 'farewell'; name: string; farewell: Farewell }
  | { type: 'stopped' };
