/** Stays on a GPU between its clients. */
const MPS_SERVER = 'nvidia-cuda-mps-server';

/**
 * Whether a process takes its GPU by being there. A display server keeps a few MiB on every GPU of many a headless
 * server, and MPS a server: those take a GPU only by the work and the memory that they cost.
 */
export function takesGpu({ type, command }: { type: string | null; command: string | null }): boolean {
  return type !== 'G' && command !== MPS_SERVER;
}
