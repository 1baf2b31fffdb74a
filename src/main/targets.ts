import { type Config, ConfigError } from '../config/config.ts';
import { parseNodeList } from '../nodes/node-list.ts';
import { createNodeSettings, defaultNodeSettings } from '../nodes/node-settings.ts';
import type { Target } from '../nodes/target.ts';
import { readNodeList } from '../nodes/watch-node-list.ts';

/** Throws `ConfigError` where a pattern of rollcall.toml cannot be read. */
export function nodeSettingsOf(config: Config): (targets: readonly Target[]) => Target[] {
  const { intervalMs, watchedIntervalMs, nodeRules } = config;
  try {
    return createNodeSettings({ ...defaultNodeSettings, intervalMs, watchedIntervalMs }, nodeRules);
  } catch (error) {
    throw new ConfigError(`rollcall.toml, nodes: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The nodes that a command names, or all of the list. Rejects with a sentence. */
export async function targetsFor(config: Config, node: string | null): Promise<Target[]> {
  const withSettings = nodeSettingsOf(config);
  if (node === null) return withSettings((await readNodeList(config.nodeList)).targets);
  const { targets, problems } = parseNodeList(node, 'command line');
  if (targets.length === 0) throw new Error(problems[0] ?? `"${node}" is not a node`);
  return withSettings(targets);
}
