import { join } from 'node:path';
import type { Config } from './config/config.ts';
import { descriptorLimit, shareDescriptors } from './config/descriptors.ts';
import { processIdentity } from './config/process-identity.ts';
import {
  clearRecord,
  openStateFolder,
  removeRecord,
  type StateFolder,
  writeRecord,
} from './config/state-folder.ts';
import { type StateLock, takeStateLock } from './config/state-lock.ts';
import { version } from './config/version.ts';
import { type Design, openDesign } from './main/design.ts';
import { listen } from './main/listen.ts';
import { findResolvedNames, localNames } from './main/own-names.ts';
import { demoSource, type Source, startFleet } from './main/source.ts';
import type { NodeReport } from './protocol/node.ts';
import { listGpus, listJobs } from './state/cluster-jobs.ts';
import { listUsers } from './state/cluster-users.ts';
import { createState, type State } from './state/state.ts';
import { createApp } from './web/app.ts';
import { connectionLimits } from './web/connection-limits.ts';
import { createControlApp } from './web/control.ts';
import { type Listening, serve } from './web/serve.ts';

export interface Head {
  url: string;
  /** Resolves when the head has let go of everything. */
  ended: Promise<void>;
  /** Ends every monitor and the head; a line for each node. */
  stop(onLine: (line: string) => void): Promise<void>;
}

/** Builds everything and serves. Rejects with a sentence where it cannot serve. */
export async function startHead(config: Config, say: (line: string) => void): Promise<Head> {
  const folder = openStateFolder(config.stateDir);
  const lock = await takeStateLock(folder.path);
  try {
    return await startLocked(config, folder, lock, say);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocked(
  config: Config,
  folder: StateFolder,
  lock: StateLock,
  say: (line: string) => void,
): Promise<Head> {
  const state = createState(() => performance.now(), config.marks);
  let refresh: () => void = () => undefined;
  const design = await openDesign(config.projectFolder, () => {
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

  const stopOnce = (onLine: (line: string) => void) => {
    ending ??= stop(onLine);
    return ending;
  };
  try {
    const web = {
      ...webDependencies(config, folder, state, source, design),
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
    return { url, ended, stop: stopOnce };
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
  if (!isPublic) return allowedHosts;
  const names = [...allowedHosts, ...localNames()];
  findResolvedNames((name) => names.push(name));
  return names;
}

function webDependencies(config: Config, folder: StateFolder, state: State, source: Source, design: Design) {
  return {
    version: version(),
    demo: config.demo,
    publicMode: config.public,
    allowedHosts: allowedHostsOf(config),
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
    problems: () => [...design.problems(), ...source.problems()],
    retry: source.retry,
    watch: source.watch,
  };
}

function pageUrl(config: Config, page: Listening): string {
  const port = 'port' in page.address ? page.address.port : config.port;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return `http://${host}:${port}/`;
}
