import type { JobKind } from '../protocol/job-kinds.ts';
import type { DemoNode } from './hardware.ts';

export interface DemoJobName {
  kind: JobKind;
  id: string;
  name: string | null;
}

const FIRST_SLURM_ID = 48_210;
const SLURM_IDS = 9_000;

const hexDigits = (count: number, random: () => number) =>
  Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join('');

/** The large nodes are Slurm's, the middle ones run Docker, the workstations what people start in tmux or at once. */
export function nameJob(node: DemoNode, pid: number, name: string, random: () => number): DemoJobName {
  if (node.gpuCount >= 8)
    return { kind: 'slurm', id: String(FIRST_SLURM_ID + Math.floor(random() * SLURM_IDS)), name };
  if (node.gpuCount >= 4)
    return { kind: 'docker', id: hexDigits(64, random), name: `${name}-${hexDigits(4, random)}` };
  const id = `${pid}-${Math.floor(random() * 1e8)}`;
  return random() < 0.5 ? { kind: 'tmux', id, name } : { kind: 'session', id, name: null };
}
