import { createHash } from 'node:crypto';

/** How many percent of the simulated nodes misbehave, and how. */
export interface Roles {
  /** They break their connection off every minute or so. */
  flapping: number;
  /** They send rubbish instead of samples. */
  rubbish: number;
  /** They fall silent after a while, with the connection open. */
  hanging: number;
}

export type Role = 'good' | keyof Roles;

/** The same node always plays the same role. */
export function roleOf(node: string, { flapping, rubbish, hanging }: Roles): Role {
  const percent = createHash('sha256').update(node).digest().readUInt32BE(0) % 100;
  if (percent < flapping) return 'flapping';
  if (percent < flapping + rubbish) return 'rubbish';
  return percent < flapping + rubbish + hanging ? 'hanging' : 'good';
}
