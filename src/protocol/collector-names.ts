/** What reads a node, each on its own: one that fails hides no other. No zod here: the monitor is bundled with this file. */
export const collectorNames = [
  'cpu',
  'memory',
  'filesystems',
  'disks',
  'network',
  'gpus',
  'processes',
] as const;
export type CollectorName = (typeof collectorNames)[number];
