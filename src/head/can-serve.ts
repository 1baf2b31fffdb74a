import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { readNodeList } from '../nodes/watch-node-list.ts';
import { readMonitorBundle } from '../transport/bootstrap/monitor-bundle.ts';
import { openDesign } from './design.ts';
import { checkAddress } from './listen.ts';

/**
 * Whether a head with these settings could serve: rejects with the reason otherwise. Asked before an earlier head is
 * stopped, which goes on then. `freedPort` is that of the earlier one; null where there is none. Then what takes long is
 * left to the new head, which finds out by itself.
 */
export async function checkCanServe(config: Config, freedPort: number | null): Promise<void> {
  if (freedPort !== null) (await openDesign(config, () => undefined)).close();
  if (!config.demo) {
    await readNodeList(config.nodeList);
    if (freedPort !== null) await readMonitorBundle(join(config.projectFolder, 'dist'));
  }
  if (config.port !== 0 && config.port !== freedPort) await checkAddress(config);
}
