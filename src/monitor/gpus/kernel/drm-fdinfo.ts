import { bytesOf, numberOf } from '../tools/printed-figures.ts';
import { normalPciAddress } from './pci-address.ts';

/** What `/proc/PID/fdinfo/FD` tells of one open graphics device (kernel: Documentation/gpu/drm-usage-stats.rst). */
export interface DrmClient {
  pciAddress: string;
  /** Several descriptors may share one: their figures are the same and count once. */
  clientId: string;
  /** Memory on the card itself; null where the card has none or the driver does not say. */
  memoryBytes: number | null;
  /** Busy time of each class of engines in ns, with the number of engines (amdgpu, i915). */
  engines: Map<string, { busyNs: number; capacity: number }>;
  /** Busy and all cycles of each class of engines (xe). */
  cycles: Map<string, { busy: number; total: number; capacity: number }>;
}

/** Parses one fdinfo text; null where the descriptor is none of a GPU on the PCI bus. */
export function parseDrmFdinfo(text: string): DrmClient | null {
  const fields = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/^(drm-[\w-]+):[ \t]*(.*)$/gm)) {
    fields.set(name, value.trim());
  }
  const address = fields.get('drm-pdev');
  const clientId = fields.get('drm-client-id');
  if (!address || !clientId) return null;
  return {
    pciAddress: normalPciAddress(address),
    clientId,
    memoryBytes: localMemory(fields),
    ...busyFigures(fields),
  };
}

/** Kinds of figures in the order of preference: what is there now, the older name for it, what was asked for. */
const MEMORY_KINDS = ['drm-resident-', 'drm-memory-', 'drm-total-'];
/** Memory on the card: `vram`, `vram0` (amdgpu, xe), `local0` (i915); the rest is the host's. */
const LOCAL_REGION = /^(?:vram|local)\d*$/;

function localMemory(fields: ReadonlyMap<string, string>): number | null {
  for (const kind of MEMORY_KINDS) {
    const sizes = Array.from(fields).flatMap(([name, value]) =>
      name.startsWith(kind) && LOCAL_REGION.test(name.slice(kind.length)) ? (bytesOf(value, 'B') ?? []) : [],
    );
    if (sizes.length > 0) return sizes.reduce((sum, size) => sum + size, 0);
  }
  return null;
}

function busyFigures(fields: ReadonlyMap<string, string>): Pick<DrmClient, 'engines' | 'cycles'> {
  const engines: DrmClient['engines'] = new Map();
  const cycles: DrmClient['cycles'] = new Map();
  const capacityOf = (engine: string) => numberOf(fields.get(`drm-engine-capacity-${engine}`)) || 1;
  for (const [name, value] of fields) {
    const engine = /^drm-engine-(?!capacity-)(.+)$/.exec(name)?.[1];
    const busyNs = engine === undefined ? null : numberOf(value);
    if (engine !== undefined && busyNs !== null)
      engines.set(engine, { busyNs, capacity: capacityOf(engine) });
    const cycled = /^drm-cycles-(.+)$/.exec(name)?.[1];
    const busy = cycled === undefined ? null : numberOf(value);
    const total = cycled === undefined ? null : numberOf(fields.get(`drm-total-cycles-${cycled}`));
    if (cycled !== undefined && busy !== null && total !== null)
      cycles.set(cycled, { busy, total, capacity: capacityOf(cycled) });
  }
  return { engines, cycles };
}

/** Engines that compute or draw, as amdgpu, i915 and xe name them. */
const COMPUTING = /^(?:gfx|compute|render|rcs|ccs)/;

/**
 * How busy a client kept the busiest class of computing engines between two readings, in percent. Null where
 * its driver counts nothing.
 */
export function clientUtilization(
  before: DrmClient,
  now: DrmClient,
  elapsedMs: number,
  engines: RegExp = COMPUTING,
): number | null {
  const shares: number[] = [];
  for (const [name, { busyNs, capacity }] of now.engines) {
    const earlier = before.engines.get(name);
    if (engines.test(name) && earlier && elapsedMs > 0)
      shares.push((busyNs - earlier.busyNs) / (elapsedMs * 1e6 * capacity));
  }
  for (const [name, { busy, total, capacity }] of now.cycles) {
    const earlier = before.cycles.get(name);
    if (engines.test(name) && earlier && total > earlier.total)
      shares.push((busy - earlier.busy) / ((total - earlier.total) * capacity));
  }
  return shares.length === 0 ? null : Math.min(100, Math.max(0, 100 * Math.max(...shares)));
}
