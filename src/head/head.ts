import { join } from 'node:path';
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
import type { NodeReport } from '../report/node-report.ts';
import { listGpus, listJobs } from '../state/cluster-jobs.ts';
import { listUsers } from '../state/cluster-users.ts';
import { createState, type State } from '../state/state.ts';
import { createApp } from '../web/app.ts';
import { connectionLimits } from '../web/connection-limits.ts';
import { createControlApp } from '../web/control.ts';
import { type Listening, serve } from '../web/serve.ts';
import { openDesign } from './design.ts';
import { listen } from './listen.ts';
import { findResolvedNames, localNames } from './own-names.ts';
import { needRestart } from './reload.ts';
import { demoSource, type Source, startFleet } from './source.ts';

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
  const shares = shareDescriptors(descriptorLimit());
  const source = config.demo ? demoSource(state) : await startFleet(config, folder, state, shares);
  let listening: Listening[] = [];
  let ending: Promise<void> | null = null;
  let finish: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });

  async function letGo(): Promise<void> {
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
    const web = {
      ...webDependencies(config, folder, state, source),
      allowedHosts,
      problems: () => [
        ...design.problems(),
        ...settingProblems,
        ...source.problems(),
        ...[faultsUntilNow() ?? []].flat(),
      ],
      templates: design.templates,
    };
    const limits = connectionLimits(shares.web);
    const app = createApp({
      ...web,
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
      await serve(createControlApp({ ...web, secrets: source.secrets, stop: stopOnce }, app), {
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

function webDependencies(config: Config, folder: StateFolder, state: State, source: Source) {
  return {
    version: version(),
    demo: config.demo,
    publicMode: config.public,
    token: folder.token,
    nodes: () => state.reports(),
    names: () => state.names(),
    node: (name: string) => state.report(name),
    recent: state.recent,
    recentPoint: state.recentPoint,
    jobsOf: (nodes: readonly NodeReport[]) => listJobs(nodes, Date.now()),
    gpusOf: listGpus,
    usersOf: listUsers,
    subscribe: state.subscribe,
    retry: source.retry,
    watch: source.watch,
  };
}

function pageUrl(config: Config, page: Listening): string {
  const port = 'port' in page.address ? page.address.port : config.port;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return `http://${host}:${port}/`;
}
