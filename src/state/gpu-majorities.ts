import type { GpuFacts } from '../protocol/gpu-facts.ts';
import type { MarkCode } from '../report/marks.ts';

/** What GPUs of one model usually have in common, so that one which differs shows. */

interface Property {
  code: MarkCode;
  read(gpu: GpuFacts): string | null;
  describe(value: string): string;
}

const onOff = (value: boolean | null) => (value === null ? null : value ? 'on' : 'off');

export const comparedProperties: readonly Property[] = [
  {
    code: 'driver-differs',
    read: ({ driverVersion }) => driverVersion,
    describe: (value) => `driver ${value}`,
  },
  {
    code: 'power-limit-differs',
    read: ({ powerLimitWatts }) => (powerLimitWatts === null ? null : String(Math.round(powerLimitWatts))),
    describe: (value) => `a power limit of ${value} W`,
  },
  { code: 'ecc-differs', read: ({ eccEnabled }) => onOff(eccEnabled), describe: (value) => `ECC ${value}` },
  { code: 'mig-differs', read: ({ migEnabled }) => onOff(migEnabled), describe: (value) => `MIG ${value}` },
  {
    code: 'link-differs',
    read: ({ pcieWidthMax }) => (pcieWidthMax === null ? null : String(pcieWidthMax)),
    describe: (value) => `a PCIe slot of x${value}`,
  },
];

/** By model and property. */
export type Majorities = ReadonlyMap<string, { value: string; count: number; total: number }>;

/** Of fewer than three nobody can say which one is odd. */
const FEWEST = 3;
const CLEAR_SHARE = 0.6;

/** GPUs of one vendor and model are compared with each other. */
export const majorityKey = (gpu: GpuFacts, code: MarkCode) => `${code} ${gpu.vendor} ${gpu.name}`;

/** `gpus`: of all nodes; MIG instances are no siblings of GPUs. */
export function findMajorities(gpus: Iterable<GpuFacts>): Majorities {
  const counts = new Map<string, Map<string, number>>();
  for (const gpu of gpus) {
    if (gpu.name === null || gpu.parentIndex !== null) continue;
    for (const { code, read } of comparedProperties) {
      const value = read(gpu);
      if (value === null) continue;
      const key = majorityKey(gpu, code);
      const known = counts.get(key) ?? new Map<string, number>();
      known.set(value, (known.get(value) ?? 0) + 1);
      counts.set(key, known);
    }
  }
  return new Map(Array.from(counts).flatMap(([key, values]) => clearMajority(key, values)));
}

function clearMajority(key: string, values: ReadonlyMap<string, number>) {
  const total = Array.from(values.values()).reduce((sum, count) => sum + count, 0);
  const [most] = Array.from(values).sort(([, a], [, b]) => b - a);
  if (most === undefined || total < FEWEST || most[1] < total * CLEAR_SHARE || most[1] === total) return [];
  return [[key, { value: most[0], count: most[1], total }] as const];
}
