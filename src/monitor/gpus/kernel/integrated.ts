import type { System } from '../../system.ts';
import { parseTopologyAddress, readTopology, topologyNumber } from '../amd/kfd-processes.ts';
import { type DrmCard, isAsleep } from './drm-cards.ts';
import { listOf } from './pci-devices.ts';

/**
 * GPUs within the CPU that are there to draw. No job waits for one: beside real GPUs, and alone too, they would only look
 * free. An APU that people compute on has many units or much memory of its own, or all of the host's.
 */

const GIBIBYTE = 1024 ** 3;
/** Who gives a GPU within the CPU so much of the RAM computes on it. */
const COMPUTING_BYTES = 4 * GIBIBYTE;
/** Where nothing else is known: no card that anybody computes on has so little. */
const DRAWING_BYTES = GIBIBYTE;
/** The engines of desktop CPUs have 2 to 12 compute units. */
const COMPUTING_UNITS = 16;

/** In `gpu_metrics`, which is no text: version 1 of its layout is of cards, 2 and 3 are of APUs. */
type MetricsLayout = 'card' | 'apu' | null;

function readMetricsLayout(system: System, card: DrmCard): MetricsLayout {
  // The driver would wake it for an answer.
  if (isAsleep(system, card)) return null;
  // struct metrics_table_header: 16 bits of length, then 8 bits of version.
  const header = system.tryReadStart(`${card.device}/gpu_metrics`, 4, 'latin1') ?? '';
  if (header.length < 4) return null;
  return header.charCodeAt(2) === 1 ? 'card' : 'apu';
}

/** Of AMD's: what amdgpu tells of its memory, its units and the layout of its metrics decides. */
export function isDrawingApu(system: System, card: DrmCard): boolean {
  const total = Number(system.tryReadText(`${card.device}/mem_info_vram_total`) ?? Number.NaN);
  if (!(total > 0) || total >= COMPUTING_BYTES) return false;
  const properties = readTopology(system).find(
    (node) => parseTopologyAddress(node.properties) === card.pciAddress,
  )?.properties;
  const simds = topologyNumber(properties ?? '', 'simd_count');
  const perUnit = topologyNumber(properties ?? '', 'simd_per_cu') || 2;
  if (simds !== null && simds / perUnit >= COMPUTING_UNITS) return false;
  const layout = readMetricsLayout(system, card);
  const hasCpu = (topologyNumber(properties ?? '', 'cpu_cores_count') ?? 0) > 0;
  if (layout === 'apu' || hasCpu) return true;
  return layout === null && total <= DRAWING_BYTES;
}

/** Memory on the card, as i915 and xe tell it by release; and sensors, which both have for cards alone. */
const SIGNS_OF_A_CARD = [
  'lmem_total_bytes',
  'device/lmem_total_bytes',
  'device/tile0/physical_vram_size_bytes',
  'device/tile0/vram0',
  'device/vram_d3cold_threshold',
];

/** Intel's are on bus 0, where guests find cards that are passed on to them as well. */
export function isDrawingIntel(system: System, card: DrmCard): boolean {
  if (!/^0+:00:/.test(card.pciAddress) || card.hwmon !== null) return false;
  return !SIGNS_OF_A_CARD.some((name) => isThere(system, `${card.path}/${name}`));
}

function isThere(system: System, path: string): boolean {
  const text = system.tryReadText(path);
  return text === null ? listOf(system, path).length > 0 : text.trim() !== '0';
}
