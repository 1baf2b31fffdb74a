import { createRandom } from '../lib/random.ts';
import type { Way } from '../report/failure-detail.ts';
import { createFailure } from '../report/failures.ts';
import type { Emit } from '../report/fleet-event.ts';
import { RECENT_MS } from '../report/series.ts';
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
export function startDemo(emit: Emit, clock: () => number = Date.now): Demo {
  const random = createRandom(SEED);
  // The cluster lives through the last quarter of an hour in a moment, and then by the clock.
  let pastMs: number | null = clock() - RECENT_MS + PAST_POINT_MS;
  const now = () => pastMs ?? clock();
  const simulated = demoNodes.map((node): [DemoNode, SimulatedNode] => [
    node,
    createSimulatedNode(node, random, now),
  ]);
  emit({ kind: 'listed', nodes: demoNodes });
  for (const [node, simulation] of simulated) greet(emit, node, simulation);
  for (; pastMs < clock(); pastMs += PAST_POINT_MS)
    for (const [node, simulation] of simulated) livePast(emit, node, simulation, pastMs);
  pastMs = null;
  for (const [node, simulation] of simulated) beginNow(emit, node, simulation);
  const timer = setInterval(() => {
    for (const [node, simulation] of simulated) if (node.role !== 'unreachable') say(emit, node, simulation);
  }, INTERVAL_MS);
  return {
    problems: () => [],
    watch: () => undefined,
    retry: (name) => demoNodes.some((node) => node.name === name),
    async stop(onLine) {
      clearInterval(timer);
      onLine(`${demoNodes.length} simulated nodes: nothing to end`);
    },
  };
}

function greet(emit: Emit, node: DemoNode, simulation: SimulatedNode): void {
  emit({
    kind: 'connected',
    name: node.name,
    connection: { way: wayOf(node), transport: 'demo', logPath: null },
  });
  emit({ kind: 'message', name: node.name, message: simulation.hello(), faults: [] });
}

function livePast(emit: Emit, node: DemoNode, simulation: SimulatedNode, atMs: number): void {
  for (const message of simulation.tick())
    if (message.type === 'sample') emit({ kind: 'past-sample', name: node.name, sample: message, atMs });
    else emit({ kind: 'message', name: node.name, message, faults: [] });
}

function beginNow(emit: Emit, node: DemoNode, simulation: SimulatedNode): void {
  say(emit, node, simulation);
  if (node.role !== 'unreachable') return;
  const failure = createFailure(wayOf(node), { cause: 'timeout', stage: 'tcp', limitMs: 10_000 });
  emit({ kind: 'failed', name: node.name, failure, logPath: null });
}

function say(emit: Emit, node: DemoNode, simulation: SimulatedNode): void {
  for (const message of simulation.tick()) emit({ kind: 'message', name: node.name, message, faults: [] });
}
