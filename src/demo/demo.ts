import { createRandom } from '../lib/random.ts';
import type { Way } from '../report/failure-detail.ts';
import { createFailure } from '../report/failures.ts';
import { RECENT_MS } from '../report/series.ts';
import type { State } from '../state/state.ts';
import { type DemoNode, demoNodes } from './hardware.ts';
import { createSimulatedNode, type SimulatedNode } from './simulated-node.ts';

const SEED = 20_200_131;
const INTERVAL_MS = 1_000;

/** A believable cluster, made in this process, that speaks the same messages as real nodes. */
export interface Demo {
  problems(): string[];
  watch(): void;
  retry(name: string): boolean;
  stop(onLine: (line: string) => void): Promise<void>;
}

const wayOf = (node: DemoNode): Way => ({
  node: node.name,
  sshWords: ['ssh', node.name],
  host: node.name,
  port: 22,
});

/** So far back the charts are filled at the start, a point this often. */
const PAST_POINT_MS = 10_000;

/** Starts the demo: every second each node that is in reach says what it does. */
export function startDemo(state: State, clock: () => number = Date.now): Demo {
  const random = createRandom(SEED);
  // The cluster lives through the last quarter of an hour in a moment, and then by the clock.
  let pastMs: number | null = clock() - RECENT_MS + PAST_POINT_MS;
  const now = () => pastMs ?? clock();
  const simulated = demoNodes.map((node): [DemoNode, SimulatedNode] => [
    node,
    createSimulatedNode(node, random, now),
  ]);
  state.setNodes(demoNodes);
  for (const [node, simulation] of simulated) greet(state, node, simulation);
  for (; pastMs < clock(); pastMs += PAST_POINT_MS)
    for (const [node, simulation] of simulated) livePast(state, node, simulation, pastMs);
  pastMs = null;
  for (const [node, simulation] of simulated) beginNow(state, node, simulation);
  const timer = setInterval(() => {
    for (const [node, simulation] of simulated) if (node.role !== 'unreachable') say(state, node, simulation);
    state.checkFreshness();
  }, INTERVAL_MS);
  return {
    problems: () => [],
    watch: () => undefined,
    retry: (name) => demoNodes.some((node) => node.name === name),
    async stop(onLine) {
      clearInterval(timer);
      for (const node of demoNodes) onLine(`${node.name}: simulated, nothing to end`);
    },
  };
}

function greet(state: State, node: DemoNode, simulation: SimulatedNode): void {
  state.connected(node.name, { way: wayOf(node), transport: 'demo', logPath: null });
  state.message(node.name, simulation.hello(), []);
}

function livePast(state: State, node: DemoNode, simulation: SimulatedNode, atMs: number): void {
  for (const message of simulation.tick())
    if (message.type === 'sample') state.pastSample(node.name, message, atMs);
    else state.message(node.name, message, []);
}

function beginNow(state: State, node: DemoNode, simulation: SimulatedNode): void {
  say(state, node, simulation);
  if (node.role !== 'unreachable') return;
  const failure = createFailure(wayOf(node), { cause: 'timeout', stage: 'tcp', limitMs: 10_000 });
  state.failed(node.name, failure, null);
}

function say(state: State, node: DemoNode, simulation: SimulatedNode): void {
  for (const message of simulation.tick()) state.message(node.name, message, []);
}
