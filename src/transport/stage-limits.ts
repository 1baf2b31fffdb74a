import type { SshSettings } from './settings/ssh-settings-parse.ts';

/** However long somebody is willing to wait: a login under way takes room from others. */
export const MAX_STAGE_MS = 120_000;

type Timeout = Pick<SshSettings, 'connectTimeoutMs'>;

/** Of each stage before the login: ssh's ConnectTimeout covers those, whether it is shorter or longer than ours. */
export function connectStageMs(stageMs: number, { connectTimeoutMs }: Timeout): number {
  return Math.min(MAX_STAGE_MS, connectTimeoutMs ?? stageMs);
}

/** Of the login and of each stage behind it: who waits long for a connection waits as long for its session. */
export function sessionStageMs(stageMs: number, { connectTimeoutMs }: Timeout): number {
  return Math.max(stageMs, Math.min(MAX_STAGE_MS, connectTimeoutMs ?? 0));
}
