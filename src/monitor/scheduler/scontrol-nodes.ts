import { parseIndexes } from './ranges.ts';

/** A node as `scontrol -a -d -o show node` has it in one line. */
export interface SlurmNode {
  name: string;
  hostname: string | null;
  state: string;
  /** With who and when, as Slurm shows it: `broken fan [root@2024-01-02T03:04:05]`. */
  reason: string | null;
  partitions: string[];
  reservation: string | null;
  gpuCount: number;
  /** Indexes of the GPUs that jobs have; null where that is not told, or how many and not which. */
  usedGpus: number[] | null;
}

const MAX_PARTITIONS = 64;
const MOST_GPUS = 4096;

const isTold = (value: string | undefined): value is string =>
  value !== undefined && value !== '' && value !== '(null)' && value !== 'N/A';

/** Null for what is no such line. What administrators write stands last, so that no word of theirs is taken for a field. */
export function parseNodeLine(line: string): SlurmNode | null {
  const name = /^NodeName=(\S+) /.exec(line)?.[1];
  if (name === undefined) return null;
  const head = line.split(/ (?:Comment|Extra|Reason)=/, 1)[0] ?? '';
  const field = (key: string) => new RegExp(` ${key}=(\\S*)`).exec(head)?.[1];
  const state = field('State');
  if (!isTold(state)) return null;
  const hostname = field('NodeHostName');
  const partitions = field('Partitions');
  const gpuCount = countGresGpus(field('Gres') ?? '');
  const reservation = / ReservationName=(\S+)\s*(?:[A-Z]\w*=.*)?$/.exec(line)?.[1];
  return {
    name,
    hostname: isTold(hostname) ? hostname : null,
    state,
    reason: parseReason(line),
    partitions: isTold(partitions) ? partitions.split(',').slice(0, MAX_PARTITIONS) : [],
    reservation: isTold(reservation) ? reservation : null,
    gpuCount,
    usedGpus: parseUsedGpus(field('GresUsed'), gpuCount),
  };
}

/** Where no cores are bound to GPUs, Slurm tells how many are used and not which: `gpu:2`. */
function parseUsedGpus(gresUsed: string | undefined, gpuCount: number): number[] | null {
  if (!isTold(gresUsed)) return null;
  const indexes = parseGpuIndexes(gresUsed);
  const used = countGresGpus(gresUsed);
  if (used <= indexes.length) return indexes;
  return used < gpuCount ? null : Array.from({ length: gpuCount }, (_, index) => index);
}

function parseReason(line: string): string | null {
  const reason = / Reason=(.*?)(?: +ReservationName=\S+)?\s*$/.exec(line)?.[1];
  return isTold(reason) ? reason : null;
}

/** `gpu:a100:4(S:0-1),lustre:1` → 4. */
export function countGresGpus(gres: string): number {
  let count = 0;
  for (const [, number] of gres.matchAll(/(?:^|,)gpu(?::[^:,()]+)??:(\d{1,4})(?=[(,]|$)/g))
    count += Number(number);
  return Math.min(count, MOST_GPUS);
}

/** `gpu:a100:2(IDX:0-1),gpu:v100:1(IDX:4)` → 0, 1, 4: indexes are the node's, whatever the type. */
export function parseGpuIndexes(gres: string): number[] {
  const lists = Array.from(
    gres.matchAll(/(?:^|,)gpu(?::[^:,()]+)?:\d{1,6}\(IDX:([\d,-]*)\)/g),
    ([, list = '']) => list,
  );
  return parseIndexes(lists.join(','));
}
