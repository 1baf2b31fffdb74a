/** What is odd about a GPU. */

export const markCodes = [
  /** Memory that no visible process explains. */
  'ghost-memory',
  /** Held with memory, and not used for long. */
  'held-idle',
  /** Fully used at a fraction of its power: it probably waits. */
  'low-power',
  /** A narrower PCIe link than it could have. */
  'narrow-link',
  /** Hotter than its siblings on the node. */
  'hotter',
  /** Memory errors that could not be corrected, or repairs that wait for a reset. */
  'memory-errors',
  /** Other than most GPUs of its model. */
  'driver-differs',
  'power-limit-differs',
  'ecc-differs',
  'mig-differs',
  'link-differs',
] as const;
export type MarkCode = (typeof markCodes)[number];

/** Something about one GPU that a person should look at. */
export interface GpuMark {
  gpuIndex: number;
  code: MarkCode;
  /** A sentence without its first capital and full stop. */
  text: string;
}
