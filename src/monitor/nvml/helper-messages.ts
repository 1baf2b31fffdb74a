import type { NvmlReading } from './reader.ts';

/**
 * What the helper process says to the monitor, one JSON object a line. `unusable`: the library cannot be loaded in
 * this process, so that another way must be taken; `failed`: the driver refuses, and may not do so later.
 */
export type HelperMessage =
  | ({ type: 'reading' } & NvmlReading)
  | { type: 'unusable'; reason: string }
  | { type: 'failed'; code: number; reason: string };

/** What the monitor says to the helper. */
export interface HelperCommand {
  intervalMs: number;
}

/** How processes of the helper are called in `ps`. */
export const HELPER_TITLE = 'rollcall-nvml';

/** nvml.h: the loaded kernel module and the library are of two versions. */
export const VERSION_MISMATCH = 18;
