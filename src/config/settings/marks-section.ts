import { z } from 'zod';
import type { Section } from './section.ts';

const shape = {
  /** Held without work for so long. */
  'held-idle-minutes': z.coerce.number().min(1).max(100_000).default(30),
  /** So much memory that nobody holds. */
  'ghost-mebibytes': z.coerce.number().min(1).max(10_000_000).default(1024),
  /** Full utilization at less than this share of the power limit. */
  'low-power-percent': z.coerce.number().min(0).max(100).default(25),
  /** Hotter than its siblings by so much. */
  'hotter-celsius': z.coerce.number().min(1).max(200).default(15),
};

/** `[marks]`. Its names stood above all sections before there was one, and still may. */
export const marksSection: Section<'table', typeof shape> = {
  name: 'marks',
  kind: 'table',
  schema: z.strictObject(shape),
  means: 'when a GPU gets a mark',
  afterRestart: 'none',
  isFlat: true,
};

/** As the state takes them: milliseconds, bytes, a share of 1, degrees. */
export interface MarkSettings {
  heldIdleMs: number;
  ghostBytes: number;
  lowPowerShare: number;
  hotterCelsius: number;
}

/** Thresholds as the head takes them; times in milliseconds. */
export function toMarkThresholds(settings: z.output<(typeof marksSection)['schema']>): MarkSettings {
  return {
    heldIdleMs: settings['held-idle-minutes'] * 60_000,
    ghostBytes: settings['ghost-mebibytes'] * 1024 ** 2,
    lowPowerShare: settings['low-power-percent'] / 100,
    hotterCelsius: settings['hotter-celsius'],
  };
}
