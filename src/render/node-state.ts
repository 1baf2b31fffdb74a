import type { NodeReport, NodeState, TransportName } from '../report/node-report.ts';
import type { Tone } from './text/text-style.ts';

/** How states are told: a word and a shape, never colour alone. */
export const stateWords: Record<NodeState, { word: string; mark: string }> = {
  live: { word: 'live', mark: '●' },
  connecting: { word: 'connecting', mark: '◌' },
  stale: { word: 'stale', mark: '◐' },
  unreachable: { word: 'unreachable', mark: '▲' },
  disabled: { word: 'disabled', mark: '■' },
};

/** Their colours on a terminal. */
export const stateTones: Record<NodeState, Tone> = {
  live: 'good',
  connecting: 'faint',
  stale: 'warning',
  unreachable: 'bad',
  disabled: 'faint',
};

export const transportWords: Record<TransportName, string> = {
  ssh2: 'SSH',
  openssh: "system's ssh",
  local: 'this machine',
  demo: 'demo',
};

/** As the design has it: figures older than this are old. */
export function ageLimitMs(node: NodeReport): number {
  return Math.max(3 * (node.sample?.intervalMs ?? 0), 5000);
}
