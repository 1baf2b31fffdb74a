import type { Config } from '../config/config.ts';
import type { StateFolder } from '../config/state-folder.ts';
import { endLeftMonitorsOn } from '../fleet/end-left-monitors.ts';
import { readNodeList } from '../nodes/watch-node-list.ts';
import { createAccess } from '../transport/access.ts';

/** Ends what a head that was killed left on its nodes; a line for each node, all within `limitMs`. */
export async function endLeftMonitors(
  config: Config,
  folder: StateFolder,
  limitMs: number,
  say: (line: string) => void,
): Promise<void> {
  const list = await readNodeList(config.nodeList).catch((error: Error) => {
    say(`${error.message}; what runs on its nodes ends by itself within 30 s`);
    return { targets: [] };
  });
  const access = createAccess({ ...config, asksPersons: false });
  await endLeftMonitorsOn(list.targets, access.transportFor, folder.headId, limitMs, say);
  access.dispose();
}
