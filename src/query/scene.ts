import { once } from '../lib/once.ts';
import type { NodeReport, NodeState } from '../report/node-report.ts';
import type { GpuFact, NodeFacts, Thing } from './facts.ts';

/** One node with the part of it that a row speaks of. */
export interface Scene {
  facts: NodeFacts;
  node: NodeReport;
  /** A node's row speaks of all of it; a job's of the GPUs that it is on. */
  isWhole: boolean;
  gpus(): readonly GpuFact[];
  things(): readonly Thing[];
}

/** The node with all that is on it, for its own row. */
export function wholeScene(facts: NodeFacts): Scene {
  return { facts, node: facts.node, isWhole: true, gpus: facts.gpus, things: facts.things };
}

/** The node with those of its GPUs, and of what runs there, that the row of a job or user is about. */
export function partScene(
  facts: NodeFacts,
  isMeantGpu: (gpu: GpuFact) => boolean,
  isMeantThing: (thing: Thing) => boolean,
): Scene {
  return {
    facts,
    node: facts.node,
    isWhole: false,
    gpus: once(() => facts.gpus().filter(isMeantGpu)),
    things: once(() => facts.things().filter(isMeantThing)),
  };
}

/** Those of one GPU, and those of a node or of the part of it that a row speaks of. */
export const gpuWordList = ['free', 'busy', 'allocated', 'idle', 'out', 'sick', 'mig'] as const;
const sceneWordList = ['live', 'down', 'drained', 'problem'] as const;
export const isWords = [...gpuWordList, ...sceneWordList] as const;
type IsWord = (typeof isWords)[number];

function stateWords(state: NodeState): IsWord[] {
  if (state === 'live') return ['live'];
  return state === 'stale' || state === 'unreachable' ? ['down'] : [];
}

const isUnwell = (state: NodeState) => state !== 'live' && state !== 'disabled';

/** What `is:` knows of one GPU. */
export function gpuWords(fact: GpuFact): IsWord[] {
  const { gpu, state, about } = fact;
  const words = stateWords(state);
  const use = about.use(gpu);
  if (use === 'held-idle') words.push('idle');
  else if (use === 'drained') words.push('out');
  else if (use !== 'unknown') words.push(use);
  // Also where its job works on it.
  if (gpu.allocation && state === 'live' && use !== 'allocated') words.push('allocated');
  if (gpu.health !== 'ok') words.push('sick');
  if (gpu.parentIndex !== null || gpu.migEnabled === true) words.push('mig');
  if (isTroubled(fact) || isUnwell(state)) words.push('problem');
  return words;
}

const isTroubled = ({ gpu, about }: GpuFact) => gpu.health !== 'ok' || about.hasMark(gpu);

function hasCollectorError({ sample }: NodeReport): boolean {
  return Object.values(sample?.collectors ?? {}).some((report) => !report.ok || report.error !== undefined);
}

/** Errors of collectors and warnings are the whole node's; of a part only its own GPUs count. */
function hasProblem({ node, isWhole, gpus }: Scene): boolean {
  if (isUnwell(node.state)) return true;
  if (isWhole && (node.warnings.length > 0 || hasCollectorError(node))) return true;
  return gpus().some(isTroubled);
}

/** What `is:` knows of a node or of a part of it. */
export function sceneWords(scene: Scene): IsWord[] {
  const words = stateWords(scene.node.state);
  if (scene.node.scheduler?.isDrained) words.push('drained');
  if (hasProblem(scene)) words.push('problem');
  return words;
}

/** Null where nobody knows: old figures, or no answer about GPUs yet. */
export function countFree(
  { node, isLive, gpus }: NodeFacts,
  isMeant: (gpu: GpuFact) => boolean,
): number | null {
  if (!isLive || !node.sample?.gpus) return null;
  const isFree = ({ gpu, about }: GpuFact) => about.use(gpu) === 'free';
  return gpus().filter((gpu) => isMeant(gpu) && isFree(gpu)).length;
}
