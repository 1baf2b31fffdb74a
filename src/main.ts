import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Config, ConfigError } from './config/config.ts';
import {
  openStateFolder,
  processIdentity,
  removeRecord,
  type StateFolder,
  writeRecord,
} from './config/state-folder.ts';
import { version } from './config/version.ts';
import { startDemo } from './demo/demo.ts';
import { compileDesign } from './design/compile.ts';
import { type CheckEvents, checkNodes } from './fleet/check-node.ts';
import { endLeftMonitorsOn } from './fleet/end-left-monitors.ts';
import { createFleet } from './fleet/fleet.ts';
import { createNodeLog } from './fleet/node-log.ts';
import { createShardedFleet, threadsFor } from './fleet/sharded-fleet.ts';
import type { CompiledTemplates } from './lib/compiled-templates.ts';
import { parseNodeList } from './nodes/node-list.ts';
import { createNodeSettings, defaultNodeSettings } from './nodes/node-settings.ts';
import type { Target } from './nodes/target.ts';
import { readNodeList, watchNodeList } from './nodes/watch-node-list.ts';
import type { CheckedNode } from './protocol/check.ts';
import { createPageRenderer } from './render/page.ts';
import { createState, type State } from './state/state.ts';
import { createAccess } from './transport/access.ts';
import { readMonitorBundle } from './transport/monitor-bundle.ts';
import { createRuntimeStore, type RuntimeStore } from './transport/runtimes.ts';
import type { SecretQuestion, Secrets } from './transport/secrets.ts';
import { createApp } from './web/app.ts';
import { createControlApp } from './web/control.ts';
import { portHolder } from './web/port-holder.ts';
import { type Listening, serve } from './web/serve.ts';

/** What a stop leaves each monitor to say goodbye. */
const STOP_LIMIT_MS = 4_000;

export interface Head {
  url: string;
  /** Resolves when the head has let go of everything. */
  ended: Promise<void>;
  /** Ends every monitor and the head; a line for each node. */
  stop(onLine: (line: string) => void): Promise<void>;
}

/** Where the figures come from: real nodes or the demo. */
interface Source {
  /** Passwords and passphrases that nodes wait for. */
  secrets: Pick<Secrets, 'questions' | 'answer'>;
  problems(): string[];
  retry(name: string): boolean;
  watch(isWatched: (name: string) => boolean): void;
  stop(onLine: (line: string) => void): Promise<void>;
}

const monotonicMs = () => performance.now();

/** Builds everything and serves. Rejects with a sentence where it cannot serve. */
export async function startHead(config: Config, say: (line: string) => void): Promise<Head> {
  const folder = openStateFolder(config.stateDir);
  const state = createState(monotonicMs);
  const designProblem: string[] = [];
  const templates = await loadTemplates(config.projectFolder, designProblem);
  const source = config.demo ? demoSource(state) : await startFleet(config, folder, state);
  let listening: Listening[] = [];
  let ending: Promise<void> | null = null;
  let finish: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });

  async function letGo(): Promise<void> {
    await Promise.all(listening.map((server) => server.close()));
    removeRecord(folder);
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
      ...webDependencies(config, folder, state, source, designProblem),
      templates: () => templates,
    };
    const app = createApp({ ...web, staticDir: join(config.projectFolder, 'static') });
    ended.then(app.close);
    removeRecord(folder);
    const page = await listen(app, config);
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
    await source.stop(() => undefined);
    await Promise.all(listening.map((server) => server.close()));
    throw error;
  }
}

function ownIdentity() {
  const identity = processIdentity(process.pid) ?? { startTicks: 0, bootId: '' };
  return { pid: process.pid, ...identity };
}

function webDependencies(
  config: Config,
  folder: StateFolder,
  state: State,
  source: Source,
  designProblem: string[],
) {
  return {
    version: version(),
    demo: config.demo,
    publicMode: config.public,
    allowedHosts: config.allowedHosts,
    token: folder.token,
    nodes: () => state.reports(),
    node: (name: string) => state.report(name),
    subscribe: state.subscribe,
    problems: () => [...designProblem, ...source.problems()],
    retry: source.retry,
    watch: source.watch,
  };
}

function pageUrl(config: Config, page: Listening): string {
  const port = 'port' in page.address ? page.address.port : config.port;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return `http://${host}:${port}/`;
}

async function listen(app: Parameters<typeof serve>[0], config: Config): Promise<Listening> {
  const { host, port } = config;
  try {
    return await serve(app, { host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EADDRINUSE') {
      throw new Error(
        `port ${port} on ${host} is taken${portHolder(port)}; choose another one: --port ${port + 1}`,
      );
    }
    if (code === 'EACCES')
      throw new Error(`port ${port} may not be opened by this user; choose one above 1023: --port 7070`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new Error(`host "${host}" is not an address of this machine; use --host 127.0.0.1`);
    }
    throw error;
  }
}

const demoSource = (state: State): Source => ({
  ...startDemo(state),
  secrets: { questions: () => [], answer: () => false },
});

/** The nodes of the list, watched through SSH. */
async function startFleet(config: Config, folder: StateFolder, state: State): Promise<Source> {
  const withSettings = nodeSettingsOf(config);
  const first = await readNodeList(config.nodeList);
  const monitor = await readMonitorBundle(join(config.projectFolder, 'dist', 'monitor.cjs'));
  const access = createAccess({ ...config, asksPersons: true });
  const threads = config.threads ?? threadsFor(first.targets.length, availableParallelism());
  const options = {
    state,
    transportFor: access.transportFor,
    wayFor: access.wayFor,
    logFor: (target: Target) => createNodeLog(target.name, folder.headId),
    monitor,
    runtimes: runtimeStore(config, folder),
    headId: folder.headId,
    handshakes: {
      total: config.handshakes,
      perJumpHost: config.jumpHostHandshakes,
      jumpHostOf: access.jumpHostOf,
    },
    accessFingerprint: access.fingerprint,
    monotonicMs,
  };
  const { homeFolder, sshConfig, environment } = config;
  const fleet =
    threads === 0
      ? createFleet(options)
      : createShardedFleet({
          ...options,
          threads,
          workerFile: join(config.projectFolder, 'dist', 'fleet-worker.js'),
          shardSettings: { homeFolder, sshConfig, environment: { ...environment } },
          resolver: access.resolver,
        });
  const isListed = (name: string) => state.report(name) !== undefined;
  let listProblem: string | null = null;
  let lineProblems = first.problems;
  fleet.setTargets(withSettings(first.targets));
  const watch = watchNodeList(
    config.nodeList,
    (list) => {
      lineProblems = list.problems;
      fleet.setTargets(withSettings(list.targets));
    },
    (problem) => {
      listProblem = problem;
    },
  );
  return {
    problems: () => [
      ...(listProblem === null ? [] : [listProblem]),
      ...lineProblems,
      ...access.secrets.problems(),
    ],
    secrets: {
      // Nodes that have left the list wait for nothing.
      questions: () =>
        access.secrets
          .questions()
          .map((question) => ({ ...question, nodes: question.nodes.filter(isListed) }))
          .filter(({ nodes }) => nodes.length > 0),
      answer: access.secrets.answer,
    },
    retry: fleet.retry,
    watch: fleet.setWatched,
    async stop(onLine) {
      watch.stop();
      await fleet.stop(STOP_LIMIT_MS, (name, farewell) => onLine(farewellLine(name, farewell)));
      access.dispose();
    },
  };
}

/** Throws `ConfigError` where a pattern of rollcall.toml cannot be read. */
function nodeSettingsOf(config: Config): (targets: readonly Target[]) => Target[] {
  const { intervalMs, watchedIntervalMs, nodeRules } = config;
  try {
    return createNodeSettings({ ...defaultNodeSettings, intervalMs, watchedIntervalMs }, nodeRules);
  } catch (error) {
    throw new ConfigError(`rollcall.toml, nodes: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function runtimeStore(config: Config, folder: StateFolder): RuntimeStore {
  return createRuntimeStore({
    execPath: process.execPath,
    architecture: process.arch,
    platform: process.platform,
    projectFolder: config.projectFolder,
    cacheFolder: folder.runtimesPath,
  });
}

function farewellLine(name: string, farewell: 'ended' | 'out of reach' | 'not connected'): string {
  switch (farewell) {
    case 'ended':
      return `${name}: monitor ended`;
    case 'out of reach':
      return `${name}: out of reach, its monitor ends by itself within 30 s`;
    case 'not connected':
      return `${name}: no monitor was connected`;
  }
}

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

const DESIGN_FILE = 'index-design.html';

/** Compiles the design in memory; a design with a mistake leaves the last templates written, and says so. */
async function loadTemplates(projectFolder: string, problems: string[]): Promise<CompiledTemplates> {
  try {
    return await compileDesignFile(projectFolder);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    return readWrittenTemplates(projectFolder).catch(() => {
      throw error;
    });
  }
}

async function compileDesignFile(projectFolder: string): Promise<CompiledTemplates> {
  const compiled = compileDesign(await readFile(join(projectFolder, DESIGN_FILE), 'utf8'), DESIGN_FILE);
  // A template that cannot be rendered is refused here, not at the first visitor.
  createPageRenderer(compiled);
  return compiled;
}

async function readWrittenTemplates(projectFolder: string): Promise<CompiledTemplates> {
  const read = (name: string) => readFile(join(projectFolder, 'templates', name), 'utf8');
  return { page: await read('page.eta'), node: await read('node.eta') };
}

/** Turns the design file into `templates/`; hands back the files written. Rejects with the design's mistake. */
export async function writeTemplates(projectFolder: string): Promise<string[]> {
  const compiled = await compileDesignFile(projectFolder);
  const folder = join(projectFolder, 'templates');
  await mkdir(folder, { recursive: true });
  const files = [
    { path: join(folder, 'page.eta'), text: compiled.page },
    { path: join(folder, 'node.eta'), text: compiled.node },
  ];
  for (const { path, text } of files) {
    await writeFile(`${path}.tmp`, text);
    await rename(`${path}.tmp`, path);
  }
  return files.map((file) => file.path);
}

/** Logins of a check at a time: it runs beside a head that may be busy. */
const CHECKS_AT_ONCE = 16;

/** Resolves to the answer; to nothing where somebody skips the question. */
export type AskPerson = (question: SecretQuestion) => Promise<string>;

/** As ssh does. */
const MAX_TRIES = 3;

/** Asks for what nodes lacked, and walks to them again. */
async function checkWithAnswers(
  targets: readonly Target[],
  first: readonly CheckedNode[],
  secrets: Secrets,
  ask: AskPerson,
  check: (targets: readonly Target[]) => Promise<CheckedNode[]>,
): Promise<CheckedNode[]> {
  const found = new Map(first.map((node) => [node.name, node]));
  const seen = new Map(targets.map(({ name }) => [name, secrets.revision(name)]));
  const tries = new Map<string, number>();
  for (;;) {
    const answered = targets.filter(({ name }) => secrets.revision(name) !== seen.get(name));
    for (const { name } of answered) seen.set(name, secrets.revision(name));
    for (const node of await check(answered)) found.set(node.name, node);
    if (answered.length > 0) continue;
    const question = secrets.questions().find(({ id }) => (tries.get(id) ?? 0) < MAX_TRIES);
    if (question === undefined) return [...found.values()];
    const secret = await ask(question);
    tries.set(question.id, secret === '' ? MAX_TRIES : (tries.get(question.id) ?? 0) + 1);
    if (secret !== '') secrets.answer(question.id, secret);
  }
}

/** Walks through every step to the nodes in this process. Without `ask` nobody is asked for passwords. */
export async function checkTargets(
  config: Config,
  targets: readonly Target[],
  events: CheckEvents,
  ask: AskPerson | null = null,
): Promise<CheckedNode[]> {
  const folder = openStateFolder(config.stateDir);
  const access = createAccess({ ...config, asksPersons: false });
  try {
    const options = {
      transportFor: access.transportFor,
      wayFor: access.wayFor,
      monitor: await readMonitorBundle(join(config.projectFolder, 'dist', 'monitor.cjs')),
      runtimes: runtimeStore(config, folder),
      concurrency: CHECKS_AT_ONCE,
    };
    const check = (some: readonly Target[], told: CheckEvents) => checkNodes(some, options, told);
    const checked = await check(targets, events);
    if (ask === null) return checked;
    const again = { onStep: events.onStep, onDone: () => undefined };
    return await checkWithAnswers(targets, checked, access.secrets, ask, (some) => check(some, again));
  } finally {
    access.dispose();
  }
}

/** The nodes that a command names, or all of the list. Rejects with a sentence. */
export async function targetsFor(config: Config, node: string | null): Promise<Target[]> {
  const withSettings = nodeSettingsOf(config);
  if (node === null) return withSettings((await readNodeList(config.nodeList)).targets);
  const { targets, problems } = parseNodeList(node, 'command line');
  if (targets.length === 0) throw new Error(problems[0] ?? `"${node}" is not a node`);
  return withSettings(targets);
}
