import { cellCount, GPU_WIDTH, JOB_WIDTH, MACHINE_WIDTH } from '../../src/history/codec/kept-point.ts';
import type { NodePoint } from '../../src/history/engine/engine.ts';
import { shiftOf, toShortFloat } from '../../src/lib/short-floats.ts';

/** Made-up points of nodes, in the shape in which history takes them in. */

const ABSENT = 0;

export interface MadeUp {
  cpu: number | null;
  /** Utilization by index. */
  gpus: ReadonlyMap<number, number | null>;
  /** Resident bytes by key. */
  jobs: ReadonlyMap<string, number | null>;
  /** Received bytes a second. */
  receive?: number | null;
}

const short = (value: number | null | undefined) =>
  value === null || value === undefined ? ABSENT : toShortFloat(value);

export function pointOf(node: string, atMs: number, { cpu, gpus, jobs, receive }: MadeUp): NodePoint {
  const cells = new Uint16Array(cellCount(gpus.size, jobs.size));
  cells[0] = short(cpu);
  cells[3] = short(receive);
  [...gpus.values()].forEach((value, row) => {
    cells[MACHINE_WIDTH + row * GPU_WIDTH] = short(value);
    cells[MACHINE_WIDTH + row * GPU_WIDTH + 2] = toShortFloat(40 + shiftOf('celsius'));
  });
  const jobsAt = MACHINE_WIDTH + gpus.size * GPU_WIDTH;
  [...jobs.values()].forEach((value, row) => {
    cells[jobsAt + row * JOB_WIDTH + 1] = short(value);
  });
  return { node, atMs, gpus: [...gpus.keys()], jobs: [...jobs.keys()], cells };
}
