import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { DescriptorShares } from '../config/descriptors.ts';
import type { StateFolder } from '../config/state-folder.ts';
import { startDemo } from '../demo/demo.ts';
import { createFleet, type Fleet } from '../fleet/fleet.ts';
import { createNodeLog } from '../fleet/node-log.ts';
import { createShardedFleet, threadsFor } from '../fleet/sharded-fleet.ts';
import type { NodeList } from '../nodes/node-list.ts';
import { unusedPatterns } from '../nodes/node-settings.ts';
import { listedNodes, type Target } from '../nodes/target.ts';
import { readNodeList, watchNodeList } from '../nodes/watch-node-list.ts';
import type { State } from '../state/state.ts';
import { createAccess } from '../transport/access.ts';
import { readMonitorBundle } from '../transport/bootstrap/monitor-bundle.ts';
import type { Secrets } from '../transport/secrets/secrets.ts';
import { keepHeapTight } from './keep-heap-tight.ts';
import { runtimeStore } from './runtime-store.ts';
import { nodeSettingsOf } from './targets.ts';

/** What a stop leaves each monitor to say goodbye. */
const STOP_LIMIT_MS = 4_000;
const CHOOSE_EVERY_MS = 1_000;

/** Where the figures come from: real nodes or the demo. */
export interface Source {
  /** Passwords and passphrases that nodes wait for. */
  secrets: Pick<Secrets, 'questions' | 'answer'>;
  problems(): string[];
  retry(name: string): boolean;
  /** Its last sample was none: the next one is looked at when it comes. */
  lookAtNext(name: string): void;
  watch(isWatched: (name: string) => boolean): void;
  /** Settings of nodes, intervals and the node list's file are others now. Throws `ConfigError`, and all stays. */
  reload(config: Config): void;
  stop(onLine: (line: string) => void): Promise<void>;
}

/** A simulated cluster. */
export const demoSource = (state: State): Source => ({
  ...startDemo(state.take),
  reload: () => undefined,
  lookAtNext: () => undefined,
  secrets: { questions: () => [], answer: () => false },
});

/** The nodes of the list, watched through SSH. */
export async function startFleet(
  config: Config,
  folder: StateFolder,
  state: State,
  shares: DescriptorShares,
): Promise<Source> {
  let withSettings = nodeSettingsOf(config);
  let { nodeRules } = config;
  const first = await readNodeList(config.nodeList);
  keepHeapTight(first.targets.length);
  const monitor = await readMonitorBundle(join(config.projectFolder, 'dist'));
  const access = createAccess({ ...config, asksPersons: true });
  const threads = config.threads ?? threadsFor(first.targets.length, availableParallelism());
  const options = {
    emit: state.take,
    transportFor: access.transportFor,
    wayFor: access.wayFor,
    logFor: (target: Target) => createNodeLog(target.name, folder.headId),
    monitor,
    runtimes: runtimeStore(config, folder),
    headId: folder.headId,
    handshakes: {
      total: Math.min(config.handshakes, shares.logins),
      perJumpHost: config.jumpHostHandshakes,
      reservedDescriptors: shares.reserved,
      jumpHostOf: access.jumpHostOf,
    },
    accessFingerprint: access.fingerprint,
    monotonicMs: () => performance.now(),
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
          onKeyLogin: access.secrets.keyWorked,
        });
  const stopAsking = keepAskersChosen(state, fleet);
  const isListed = (name: string) => state.names().includes(name);
  let listProblem: string | null = null;
  let list: NodeList = first;
  let patternProblems: string[] = [];
  takeList(first);

  function takeList(now: NodeList): void {
    list = now;
    patternProblems = unusedPatterns(nodeRules, now.targets).map(
      (pattern) => `${config.settingsFile.path}: [nodes."${pattern}"] fits no node of the list`,
    );
    const targets = withSettings(now.targets);
    state.take({ kind: 'listed', nodes: listedNodes(targets) });
    fleet.setTargets(targets);
  }

  const watchList = (file: string) =>
    watchNodeList(file, takeList, (problem) => {
      listProblem = problem;
    });
  let nodeListFile = config.nodeList;
  let watch = watchList(nodeListFile);
  return {
    problems: () => [
      ...(listProblem === null ? [] : [listProblem]),
      ...list.problems,
      ...patternProblems,
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
    lookAtNext: fleet.lookAtNext,
    watch: fleet.setWatched,
    reload(now) {
      withSettings = nodeSettingsOf(now);
      nodeRules = now.nodeRules;
      takeList(list);
      if (now.nodeList === nodeListFile) return;
      nodeListFile = now.nodeList;
      watch.stop();
      watch = watchList(nodeListFile);
    },
    async stop(onLine) {
      watch.stop();
      stopAsking();
      await fleet.stop(STOP_LIMIT_MS, (name, farewell) => onLine(farewellLine(name, farewell)));
      access.dispose();
    },
  };
}

/** Which monitors ask their schedulers changes as nodes come and go. The result ends it. */
function keepAskersChosen(state: State, fleet: Pick<Fleet, 'setAskers'>): () => void {
  let told = '';
  const timer = setInterval(() => {
    const askers = state.chooseAskers();
    const names = [...askers].sort().join('\n');
    if (names === told) return;
    told = names;
    fleet.setAskers((name) => askers.has(name));
  }, CHOOSE_EVERY_MS);
  return () => clearInterval(timer);
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
