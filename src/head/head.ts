import { join } from 'node:path';
import { createCluster } from '../cluster/cluster.ts';
import { problemsForStrangers } from '../cluster/strangers.ts';
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
import { version } from '../config/version.ts';
import { faultsUntilNow } from '../lib/guarded.ts';
import { createState } from '../state/state.ts';
import { createApp } from '../web/app.ts';
import { connectionLimits } from '../web/connection-limits.ts';
import { createControlApp } from '../web/control.ts';
import { type Listening, serve } from '../web/serve.ts';
import { openDesign } from './design.ts';
import { listen } from './listen.ts';
import { findResolvedNames, localNames } from './own-names.ts';
import { needRestart } from './reload.ts';
import { demoSource, startFleet } from './source.ts';

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
  const marks = { ...config.marks };
  const allowedHosts = allowedHostsOf(config);
  const state = createState(() => performance.now(), marks);
  let settingProblems: string[] = [];
  let refresh: () => void = () => undefined;
  const design = await openDesign(config, () => {
    for (const problem of design.problems()) say(problem);
    refresh();
  });
  const freshness = setInterval(state.checkFreshness, CHECK_FRESHNESS_MS);
  const shares = shareDescriptors(descriptorLimit());
  const source = config.demo ? demoSource(state) : await startFleet(config, folder, state, shares);
  let listening: Listening[] = [];
  let ending: Promise<void> | null = null;
  let finish: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });

  async function letGo(): Promise<void> {
    clearInterval(freshness);
    await Promise.all(listening.map((server) => server.close()));
    removeRecord(folder, process.pid);
    lock.release();
    finish();
  }

  async function stop(onLine: (line: string) => void): Promise<void> {
    await source.stop(onLine);
    // The answer to whoever asked for the stop goes out before its connection is closed.
    setTimeout(letGo, 100);
  }

  function reload(): void {
    try {
      const now = readAgain();
      source.reload(now);
      Object.assign(marks, now.marks);
      allowedHosts.splice(0, allowedHosts.length, ...allowedHostsOf(now));
      const late = needRestart(config, now);
      settingProblems = late.length === 0 ? [] : [`changed, and counts after a restart: ${late.join(', ')}`];
      say(`${new Date().toISOString()} the settings were read anew`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      settingProblems = [`the settings stay as they were: ${reason}`];
    }
    for (const problem of settingProblems) say(problem);
    refresh();
  }

  const stopOnce = (onLine: (line: string) => void) => {
    ending ??= stop(onLine);
    return ending;
  };
  try {
    const problems = () => [
      ...design.problems(),
      ...settingProblems,
      ...source.problems(),
      ...[faultsUntilNow() ?? []].flat(),
    ];
    const cluster = createCluster(state);
    const shown = config.public ? createCluster(state, { forStrangers: true }) : cluster;
    const limits = connectionLimits(shares.web);
    const app = createApp({
      version: version(),
      demo: config.demo,
      token: folder.token,
      allowedHosts,
      cluster: shown,
      problems: () => (config.public ? problemsForStrangers(problems()) : problems()),
      retry: source.retry,
      watch: source.watch,
      templates: design.templates,
      staticDir: join(config.projectFolder, 'static'),
      live: { streams: limits.streams },
    });
    refresh = app.refresh;
    ended.then(app.close);
    ended.then(design.close);
    clearRecord(folder);
    const page = await listen(app, config, limits.sockets);
    listening = [page];
    listening.push(
      await serve(createControlApp({ cluster, problems, secrets: source.secrets, stop: stopOnce }, app), {
        path: folder.socketPath,
      }),
    );
    const url = pageUrl(config, page);
    writeRecord(folder, {
      ...ownIdentity(),
      url,
      nodeList: config.nodeList,
      sshConfig: config.sshConfig,
      demo: config.demo,
    });
    say(`${new Date().toISOString()} serving ${url}, state folder ${folder.path}`);
    return { url, ended, stop: stopOnce, reload };
  } catch (error) {
    clearInterval(freshness);
    design.close();
    await source.stop(() => undefined);
    await Promise.all(listening.map((server) => server.close()));
    throw error;
  }
}

function ownIdentity() {
  const identity = processIdentity(process.pid) ?? { startTicks: 0, bootId: '' };
  return { pid: process.pid, ...identity };
}

/** A page that others may see answers under the names that they know this machine by, as they become known. */
function allowedHostsOf({ allowedHosts, public: isPublic }: Config): string[] {
  if (!isPublic) return [...allowedHosts];
  const names = [...allowedHosts, ...localNames()];
  findResolvedNames((name) => names.push(name));
  return names;
}

function pageUrl(config: Config, page: Listening): string {
  const port = 'port' in page.address ? page.address.port : config.port;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return `http://${host}:${port}/`;
}
