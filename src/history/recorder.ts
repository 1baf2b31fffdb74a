import type { SampleBrief } from '../protocol/sample-brief.ts';
import { cellCount, GPU_WIDTH, MACHINE_WIDTH } from './codec/kept-point.ts';
import type { NodePoint } from './engine/engine.ts';
import { RAW } from './tiers.ts';

/** What history takes of samples: the first of every ten seconds. */
export interface Recorder {
  /** `atMs`: epoch ms of its arrival. Cheap for those that are not taken. */
  note(node: string, brief: SampleBrief, atMs: number): void;
  /** The node is in no list any more. */
  forget(node: string): void;
  /** What was noted since the last time. */
  take(): NodePoint[];
}

/** More points than a head with a store that does not answer keeps. */
const MOST_WAITING = 200_000;

/** Notes nothing yet. */
export function createRecorder(): Recorder {
  const lastPlaces = new Map<string, number>();
  let points: NodePoint[] = [];
  return {
    note(node, brief, atMs) {
      const place = Math.floor(atMs / RAW.stepMs);
      if (lastPlaces.get(node) === place || points.length >= MOST_WAITING) return;
      lastPlaces.set(node, place);
      points.push(pointOf(node, brief, atMs));
    },
    forget(node) {
      lastPlaces.delete(node);
    },
    take() {
      const taken = points;
      points = [];
      return taken;
    },
  };
}

function pointOf(node: string, { machine, gpus, jobs }: SampleBrief, atMs: number): NodePoint {
  const gpuIndexes = gpus?.index ?? [];
  const jobKeys = jobs?.key ?? [];
  const cells = new Uint16Array(cellCount(gpuIndexes.length, jobKeys.length));
  cells.set(machine.slice(0, MACHINE_WIDTH));
  if (gpus) cells.set(gpus.cells, MACHINE_WIDTH);
  if (jobs) cells.set(jobs.cells, MACHINE_WIDTH + gpuIndexes.length * GPU_WIDTH);
  return { node, atMs, gpus: gpuIndexes, jobs: jobKeys, cells };
}
