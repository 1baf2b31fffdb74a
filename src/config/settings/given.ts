import type { Section } from './section.ts';

/** Where a value comes from. */
export interface Origin {
  kind: 'default' | 'file' | 'environment' | 'flag';
  /** `/path/rollcall.toml:3`, `ROLLCALL_PORT`, `--port`; `default`. */
  place: string;
}

export interface Given {
  value: unknown;
  origin: Origin;
}

/** What was given for one table of the settings, before its schema has seen it. */
export interface GivenTable {
  section: Section;
  /** Its name or place among several; null where there is one. */
  key: string | number | null;
  /** `[marks]`, `[nodes."gpu*"]`. */
  title: string;
  /** `marks`, `nodes."gpu*"`, `alerts.1`; empty above all sections. */
  path: string;
  /** Where its header stands. */
  origin: Origin;
  values: Map<string, Given>;
}

export interface GivenSettings {
  tables: GivenTable[];
  /** A sentence for each that cannot be. */
  problems: string[];
}
