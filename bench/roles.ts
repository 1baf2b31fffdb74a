import { createHash } from 'node:crypto';

/** How a simulated node behaves: as it should, breaking off every minute or so, or sending rubbish. */
export type Role = 'good' | 'flapping' | 'rubbish';

/** The same node always plays the same role; both shares are in percent. */
export function roleOf(node: string, flapping: number, rubbish: number): Role {
  const percent = createHash('sha256').update(node).digest().readUInt32BE(0) % 100;
  if (percent < flapping) return 'flapping';
  return percent < flapping + rubbish ? 'rubbish' : 'good';
}
