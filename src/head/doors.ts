import { join } from 'node:path';
import { type Cluster, createCluster } from '../cluster/cluster.ts';
import { pastEventForStrangers, problemsForStrangers } from '../cluster/strangers.ts';
import type { Config } from '../config/config.ts';
import type { StateFolder } from '../config/state-folder.ts';
import { version } from '../config/version.ts';
import type { PastEvent } from '../report/history.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { State } from '../state/state.ts';
import { type App, createApp } from '../web/app.ts';
import { type ConnectionLimits, connectionLimits } from '../web/connection-limits.ts';
import { createControlApp } from '../web/control.ts';
import type { HistoryReader } from '../web/dependencies.ts';
import { type Listening, serve } from '../web/serve.ts';
import type { Design } from './design.ts';
import type { HeadHistory } from './history.ts';
import { listen } from './listen.ts';
import type { LiveSettings } from './live-settings.ts';
import { pastCluster } from './past-cluster.ts';
import type { Source } from './source.ts';

/** Where a head is spoken to: its page, and the Unix socket in its state folder. */
export interface Doors {
  url: string;
  /** The design, settings or the head's problems are others now. */
  refresh(): void;
  close(): Promise<void>;
}

/** What stands behind them. */
export interface Rooms {
  state: State;
  history: HeadHistory;
  source: Source;
  design: Design;
  settings: LiveSettings;
  /** Sentences about what is wrong with the head's own files. */
  problems(): string[];
  /** Ends all monitors, then the head; one line for each node. */
  stop(onLine: (line: string) => void): Promise<void>;
}

/** Opens both, or none. Rejects with a sentence where the page cannot be served. */
export async function openDoors(
  config: Config,
  folder: StateFolder,
  rooms: Rooms,
  share: number,
): Promise<Doors> {
  const { source, settings, problems, stop } = rooms;
  const cluster = createCluster(rooms.state);
  const shown = config.public ? createCluster(rooms.state, { forStrangers: true }) : cluster;
  const limits = connectionLimits(share);
  const app = createPage(config, folder, shown, rooms, limits);
  const page = await listen(app, config, limits.sockets);
  try {
    const control = createControlApp(
      {
        cluster,
        problems,
        secrets: source.secrets,
        settings: settings.inForce,
        historyStatus: rooms.history.status,
        stop,
      },
      app,
    );
    const socket = await serve(control, { path: folder.socketPath });
    return {
      url: pageUrl(config, page),
      refresh: app.refresh,
      async close() {
        await Promise.all([page.close(), socket.close()]);
        app.close();
      },
    };
  } catch (error) {
    await page.close();
    throw error;
  }
}

/** Under `--public` the page reads a table of its own, from which what strangers may not see is taken out. */
function createPage(
  config: Config,
  folder: StateFolder,
  cluster: Cluster,
  { source, history, design, settings, problems }: Rooms,
  limits: { streams: ConnectionLimits },
): App {
  return createApp({
    version: version(),
    demo: config.demo,
    token: folder.token,
    allowedHosts: settings.allowedHosts,
    cluster,
    history: readerOf(history, cluster.names, config.public),
    // Whose hours those were is nothing for strangers.
    ledger: config.public ? null : history.ledger,
    hasIdleBoard: config.history?.hasIdleBoard ?? false,
    historySinceMs: () => history.status().sinceMs,
    problems: () => (config.public ? problemsForStrangers(problems()) : problems()),
    retry: source.retry,
    watch: source.watch,
    templates: design.templates,
    staticDir: join(config.projectFolder, 'static'),
    live: { streams: limits.streams },
  });
}

/** Strangers see of former times what they see of now. */
function readerOf(
  { service }: HeadHistory,
  namesNow: () => string[],
  forStrangers: boolean,
): HistoryReader | null {
  if (service === null) return null;
  const told = <Answer>(answer: Promise<Answer>) => (forStrangers ? answer.catch(failForStrangers) : answer);
  const seen = (events: PastEvent[]) => (forStrangers ? events.map(pastEventForStrangers) : events);
  return {
    async history(question) {
      const answer = await told(service.history(question));
      return { ...answer, events: seen(answer.events) };
    },
    events: async (node, fromMs, toMs) => seen(await told(service.events(node, fromMs, toMs))),
    async clusterAt(atMs) {
      const reports = await told(service.past(atMs));
      return reports.length === 0 ? null : pastCluster(inOrderOf(namesNow(), reports), forStrangers);
    },
  };
}

/** The reason names files of the head. */
function failForStrangers(): never {
  throw new Error('its owner sees why with rollcall status');
}

/** As the list has them now; those that have left it come last. */
function inOrderOf(names: readonly string[], reports: readonly NodeReport[]): NodeReport[] {
  const places = new Map(names.map((name, at) => [name, at]));
  const placeOf = ({ name }: NodeReport) => places.get(name) ?? names.length;
  return [...reports].sort((a, b) => placeOf(a) - placeOf(b));
}

function pageUrl(config: Config, page: Listening): string {
  const port = 'port' in page.address ? page.address.port : config.port;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return `http://${host}:${port}/`;
}
