import type { Leash } from '../../../leash.ts';
import type { System } from '../../../system.ts';
import { GPU_FIELDS, PROCESS_FIELDS } from '../nvidia-smi-parse.ts';

/** The program, and what starts and ends it. */
export interface SmiTool {
  system: System;
  leash: Leash;
  program: string;
}

export const CSV_FORMAT = '--format=csv,noheader,nounits';
export const QUERY_GPU = `--query-gpu=${GPU_FIELDS.join(',')}`;
export const QUERY_PROCESSES = `--query-compute-apps=${PROCESS_FIELDS.join(',')}`;
