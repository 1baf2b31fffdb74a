import { type Config, ConfigError } from '../config/config.ts';
import { parseNodeList } from '../nodes/node-list.ts';
import { createNodeSettings, defaultNodeSettings } from '../nodes/node-settings.ts';
import type { Target } from '../nodes/target.ts';
import { readNodeList } from '../nodes/watch-node-list.ts';

type NodeDefaults = Pick<Config, 'intervalMs' | 'watchedIntervalMs' | 'nodeRules' | 'settingsFile'>;

/** Throws `ConfigError` where a pattern of the settings cannot be read. */
export function nodeSettingsOf(config: NodeDefaults): (targets: readonly Target[]) => Target[] {
  const { intervalMs, watchedIntervalMs, nodeRules, settingsFile } = config;
  try {
    return createNodeSettings({ ...defaultNodeSettings, intervalMs, watchedIntervalMs }, nodeRules);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${settingsFile.path}, nodes: ${reason}`);
  }
}

/** The nodes that a command names, or all of the list; what is left out of it is told. Rejects with a sentence. */
export async function targetsFor(
  config: NodeDefaults & Pick<Config, 'nodeList'>,
  node: string | null,
  onProblem: (problem: string) => void,
): Promise<Target[]> {
  const withSettings = nodeSettingsOf(config);
  const { targets, problems } =
    node === null ? await readNodeList(config.nodeList) : parseNodeList(node, 'command line');
  if (targets.length === 0) throw new Error(problems[0] ?? `"${node}" is not a node`);
  for (const problem of problems) onProblem(problem);
  return withSettings(targets);
}
