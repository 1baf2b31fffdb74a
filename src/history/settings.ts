import type { KeptDays } from './tiers.ts';

/** What a history is opened with. Plain data: it goes to a thread. */
export interface HistorySettings {
  /** Where its files are. */
  folder: string;
  keptDays: KeptDays;
  mostBytes: number | null;
  /** Of a database that has it instead: a secret. Null for files in the folder. */
  url: string | null;
}
