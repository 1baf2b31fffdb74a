import type { SchedulerNode } from '../../protocol/scheduler.ts';
import type { Leash } from '../leash.ts';
import type { System } from '../system.ts';
import { createClaims, withAllocations } from './allocations.ts';
import { parseJobLine } from './scontrol-jobs.ts';
import { parseNodeLine, type SlurmNode } from './scontrol-nodes.ts';
import { readToolLines } from './tool-lines.ts';

const LIMIT_MS = 30_000;
const MAX_NODES = 20_000;

export type SlurmAnswer = { ok: true; nodes: SchedulerNode[] } | { ok: false; error: string };

/**
 * Asks for all nodes and all jobs of the cluster. Where jobs are kept private the nodes' own lines still tell which
 * GPUs are taken. Never rejects.
 */
export async function askSlurm(system: System, leash: Leash): Promise<SlurmAnswer> {
  const program = system.findProgram('scontrol');
  if (program === null) return { ok: false, error: 'there is no scontrol' };
  const nodes: SlurmNode[] = [];
  const claims = createClaims();
  const show = (what: string, onLine: (line: string) => void) =>
    readToolLines(system, leash, program, ['-a', '-d', '-o', 'show', what], LIMIT_MS, onLine);
  try {
    const failure = await show('node', (line) => {
      const node = nodes.length < MAX_NODES ? parseNodeLine(line) : null;
      if (node !== null) nodes.push(node);
    });
    if (failure !== null || nodes.length === 0)
      return { ok: false, error: `scontrol show node: ${failure ?? 'it names no node'}` };
    await show('job', (line) => {
      const job = parseJobLine(line);
      if (job !== null) claims.add(job);
    });
    return { ok: true, nodes: nodes.map((node) => withAllocations(node, claims)) };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}
