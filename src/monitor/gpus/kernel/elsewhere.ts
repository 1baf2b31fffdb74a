import type { System } from '../../system.ts';
import type { GpuReading } from '../provider.ts';
import { readHasPciGpu } from './pci-devices.ts';

/** A tool's own words for a node that has no such GPU. */
const NONE_HERE =
  /\bno\b[^.\u00b7]{0,40}\b(?:gpus?|devices?|npus?|aips?|cards?)\b|driver not initialized|not found in modules/i;

/** What is to be told of a vendor that this node has nothing of. */
export const noneHere: GpuReading = { known: true, facts: [], gpus: [], processes: [], error: null };

/**
 * Site images carry the tools of all vendors to all nodes. Where a tool says that there is none, and the bus
 * has no such device either, that is no fault, and asking again would only cost.
 */
export function isForOtherNodes(system: System, pciVendors: readonly string[], reading: GpuReading): boolean {
  if (reading.gpus.length > 0 || reading.error === null || !NONE_HERE.test(reading.error)) return false;
  return readHasPciGpu(system, pciVendors) === false;
}
