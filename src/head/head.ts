import type { Config } from '../config/config.ts';
import { descriptorLimit, shareDescriptors } from '../config/descriptors.ts';
import { processIdentity } from '../config/process-identity.ts';
import {
  clearRecord,
  openStateFolder,
  removeRecord,
  type StateFolder,
  writeRecord,
} from '../config/state-folder.ts';
import { type StateLock, takeStateLock } from '../config/state-lock.ts';
import { faultsUntilNow } from '../lib/guarded.ts';
import { createState } from '../state/state.ts';
import { openDesign } from './design.ts';
import { type Doors, openDoors } from './doors.ts';
import { openHistory } from './history.ts';
import { createLiveSettings } from './live-settings.ts';
import { watchSettings } from './settings-watch.ts';
import { demoSource, type Source, startFleet } from './source.ts';

const CHECK_FRESHNESS_MS = 1_000;

export interface Head {
  url: string;
  /** Resolves when the head has let go of everything. */
  ended: Promise<void>;
  /** Reads the settings anew; what is wrong with them is said on the page, and those of before stay. */
  reload(): void;
  /** Ends every monitor and the head; a line for each node. */
  stop(onLine: (line: string) => void): Promise<void>;
}

/**
 * Builds everything and serves. Rejects with a sentence where it cannot serve. `readAgain` reads the settings once more,
 * and throws `ConfigError`.
 */
export async function startHead(
  config: Config,
  readAgain: () => Config,
  say: (line: string) => void,
): Promise<Head> {
  const folder = openStateFolder(config.stateDir);
  const lock = await takeStateLock(folder.path);
  try {
    return await startLocked(config, readAgain, folder, lock, say);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocked(
  config: Config,
  readAgain: () => Config,
  folder: StateFolder,
  lock: StateLock,
  say: (line: string) => void,
): Promise<Head> {
  /** What goes on by itself until it is ended. */
  const ends: (() => void | Promise<void>)[] = [];
  let refresh: () => void = () => undefined;
  let finish: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const log = (line: string) => say(`${new Date().toISOString()} ${line}`);
  let source: Source | null = null;
  let doors: Doors | null = null;
  try {
    const settings = createLiveSettings(config, readAgain, (now) => source?.reload(now), log);
    const lookAtNext = (name: string) => source?.lookAtNext(name);
    const history = openHistory(
      config,
      folder.headId,
      () => state,
      () => refresh(),
    );
    ends.push(history.close);
    const state = createState(() => performance.now(), settings.marks, Date.now, lookAtNext, history.note);
    const shares = shareDescriptors(descriptorLimit());
    const started = config.demo ? demoSource(state) : await startFleet(config, folder, state, shares);
    source = started;
    // After the fleet: nodes answer while the design is compiled, which keeps this thread for a quarter of a second.
    const design = await openDesign(config, () => {
      for (const problem of design.problems()) log(problem);
      refresh();
    });
    ends.push(design.close);
    const freshness = setInterval(state.checkFreshness, CHECK_FRESHNESS_MS);
    ends.push(() => clearInterval(freshness));
    const problems = () => [
      ...design.problems(),
      ...settings.problems(),
      ...started.problems(),
      ...[faultsUntilNow() ?? []].flat(),
      ...[history.status().problem ?? []].flat(),
    ];
    const stop = onceAsked(async (onLine) => {
      settings.end();
      await started.stop(onLine);
      // The answer to whoever asked for the stop goes out before its connection is closed.
      setTimeout(letGo, 100);
    });
    clearRecord(folder);
    const rooms = { state, history, source: started, design, settings, problems, stop };
    const opened = await openDoors(config, folder, rooms, shares.web);
    doors = opened;
    refresh = opened.refresh;
    const reload = () => {
      settings.reload();
      refresh();
    };
    ends.push(watchSettings(config.settingsFile, reload));
    writeRecord(folder, { ...ownIdentity(), ...recordOf(config, opened.url) });
    log(`serving ${opened.url}, state folder ${folder.path}`);

    async function letGo(): Promise<void> {
      await opened.close();
      for (const end of ends) await end();
      removeRecord(folder, process.pid);
      lock.release();
      finish();
    }
    return { url: opened.url, ended, stop, reload };
  } catch (error) {
    // A page without a head would keep the process, and its port.
    await doors?.close();
    await source?.stop(() => undefined);
    for (const end of ends) await end();
    throw error;
  }
}

/** Who asks again waits for the same stop. */
function onceAsked(stop: Head['stop']): Head['stop'] {
  let ending: Promise<void> | null = null;
  return (onLine) => {
    ending ??= stop(onLine);
    return ending;
  };
}

function ownIdentity() {
  const identity = processIdentity(process.pid) ?? { startTicks: 0, bootId: '' };
  return { pid: process.pid, ...identity };
}

const recordOf = ({ nodeList, sshConfig, demo }: Config, url: string) => ({ url, nodeList, sshConfig, demo });
