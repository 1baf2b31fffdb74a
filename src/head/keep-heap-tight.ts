import { setFlagsFromString } from 'node:v8';

/** From so many nodes on, what the heap takes is more than what looking through it costs. */
const MANY_NODES = 750;

/**
 * V8 lets its old generation double before it looks through it, and is slow to give back what the rush of a start took.
 * A head of 10,000 nodes held 1,690 MiB so, and holds 1,232 MiB with a growth of 30 percent, at no more CPU. With 400
 * nodes that costs a quarter of the head's CPU for 12 MiB (bench:head both).
 */
export function keepHeapTight(nodes: number): void {
  if (nodes > MANY_NODES) setFlagsFromString('--heap-growing-percent=30');
}
