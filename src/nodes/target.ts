import type { ListedNode } from '../report/fleet-event.ts';
import type { NodeSettings } from './node-settings.ts';

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
