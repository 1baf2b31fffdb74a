import type { ListedNode } from '../report/fleet-event.ts';

/** How one node is watched. */
export interface NodeSettings {
  /** `auto`: the library, and the system's ssh where only that gets in. */
  transport: 'auto' | 'ssh2' | 'openssh';
  /** Between samples while nobody looks. */
  intervalMs: number;
  /** Between samples while somebody looks. */
  watchedIntervalMs: number;
  /** How long each stage of a connection may take; ssh's ConnectTimeout overrules it for those before the login. */
  stageMs: number;
  /** Path of a JavaScript runtime on the node that is tried first. */
  runtime: string | null;
  tags: readonly string[];
  /** False: named on the page, and left alone. */
  enabled: boolean;
}

/** One node of the list. */
export interface Target {
  /** Its line in the list as written, ranges expanded: the node's name everywhere. */
  name: string;
  /** Host name, alias or address as `ssh` would get it; IPv6 without brackets. */
  host: string;
  user: string | null;
  port: number | null;
  /** True for exactly `localhost` without user or port: no SSH is needed. */
  local: boolean;
  settings: NodeSettings;
}

/** The list as a source tells it. */
export const listedNodes = (targets: readonly Target[]): ListedNode[] =>
  targets.map(({ name, settings: { tags, enabled } }) => ({ name, tags, enabled }));
