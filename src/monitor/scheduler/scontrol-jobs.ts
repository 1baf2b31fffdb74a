import { expandHostlist } from './ranges.ts';
import { parseGpuIndexes } from './scontrol-nodes.ts';

/** A job with GPUs as `scontrol -a -d -o show job` has it in one line. */
export interface SlurmJob {
  number: string;
  /** `9_2` for an element of an array. */
  id: string;
  user: string;
  /** Node by node. */
  places: { node: string; gpus: number[] }[];
}

const MAX_NODES = 10_000;
const HOLDS = / JobState=(?:RUNNING|SUSPENDED|STOPPED|COMPLETING|CONFIGURING|STAGE_OUT|SIGNALING|RESIZING) /;
const USER = / UserId=([^\s()]+)\(\d+\) GroupId=\S+ MCS_label=/g;
const PLACE = / Nodes=(\S+) CPU_IDs=\S* Mem=\S* GRES=(\S*)/g;

/**
 * Null for jobs without GPUs, those that wait or have ended, and for lines of another shape. `GRES=` alone tells which
 * GPUs: jobs that asked with `--gpus` have no other figure. A job's name and its comment are its user's: they stand
 * before and behind what is read, and a line in which that cannot be told apart is nobody's word.
 */
export function parseJobLine(line: string): SlurmJob | null {
  if (!line.includes(' GRES=gpu')) return null;
  const [, number, array, task] =
    /^JobId=(\d{1,20})(?: ArrayJobId=(\d{1,20}) ArrayTaskId=(\d{1,10}))?(?= )/.exec(line) ?? [];
  const users = [...line.matchAll(USER)];
  const [user] = users;
  if (number === undefined || user?.[1] === undefined || users.length > 1) return null;
  const rest = line.slice(user.index + user[0].length);
  const middle = rest.slice(0, Math.max(0, rest.indexOf(' MinCPUsNode=')));
  if (!HOLDS.test(middle)) return null;
  const places = Array.from(middle.matchAll(PLACE)).flatMap(([, nodes = '', gres = '']) => {
    const gpus = parseGpuIndexes(gres);
    return gpus.length === 0 ? [] : expandHostlist(nodes, MAX_NODES).map((node) => ({ node, gpus }));
  });
  if (places.length === 0) return null;
  return { number, id: array === undefined ? number : `${array}_${task}`, user: user[1], places };
}
