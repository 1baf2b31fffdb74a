import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { readNodeList } from '../nodes/watch-node-list.ts';
import { readMonitorBundle } from '../transport/bootstrap/monitor-bundle.ts';
import { openDesign } from './design.ts';
import { checkAddress } from './listen.ts';

/**
 * Whether a head with these settings could serve: rejects with the reason otherwise. Asked before an earlier head is
 * stopped, which goes on then. `freedPort` is that of the earlier one.
 */
export async function checkCanServe(config: Config, freedPort: number | null): Promise<void> {
  const design = await openDesign(config, () => undefined);
  design.close();
  if (!config.demo) {
    await readNodeList(config.nodeList);
    await readMonitorBundle(join(config.projectFolder, 'dist'));
  }
  if (config.port !== 0 && config.port !== freedPort) await checkAddress(config);
}
