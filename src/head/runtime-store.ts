import type { Config } from '../config/config.ts';
import type { StateFolder } from '../config/state-folder.ts';
import { createRuntimeStore, type RuntimeStore } from '../transport/bootstrap/runtimes.ts';

/** The runtimes that this head can ship. */
export function runtimeStore(config: Config, folder: StateFolder): RuntimeStore {
  return createRuntimeStore({
    execPath: process.execPath,
    architecture: process.arch,
    platform: process.platform,
    projectFolder: config.projectFolder,
    cacheFolder: folder.runtimesPath,
  });
}
