import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeReport } from '../render/text/nodes-text.ts';
import type { HeadClient } from './head-client.ts';

export interface HeadStatus {
  nodes: NodeReport[];
  problems: string[];
}

const LOOK_EVERY_MS = 100;

/** Waits until every node has a result, or for so long. */
export async function awaitFirstResults(head: HeadClient, limitMs: number): Promise<HeadStatus> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    const status = (await head.getJson('/control/status')) as HeadStatus;
    const isDone = status.nodes.every((node) => node.state !== 'connecting');
    if (isDone || performance.now() >= deadlineMs) return status;
    await sleep(LOOK_EVERY_MS);
  }
}
