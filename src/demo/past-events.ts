import type { NodeEvent } from '../protocol/events.ts';
import { type DemoNode, LOST_GPU, pciAddressOf } from './hardware.ts';

const SINCE_MS = 94 * 60_000;

/** What the kernel of a node has said: the lost GPU did not go without a word. */
export function pastEvents(node: DemoNode, nowMs: number): NodeEvent[] {
  if (node.role !== 'lost-gpu') return [];
  const pciAddress = pciAddressOf(LOST_GPU);
  const xid = `NVRM: Xid (PCI:${pciAddress.slice(4, -2)}): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.`;
  return [
    {
      atMs: nowMs - SINCE_MS,
      kind: 'xid',
      code: 79,
      severity: 'critical',
      text: `the GPU has fallen off the bus · ${xid}`,
      pciAddress,
      pid: null,
      jobs: [],
    },
  ];
}
