import { normalPciAddress } from '../kernel/pci-address.ts';

/** Reads figures as vendors' tools print them: with a unit or without, as number or text, or as `N/A`. */

/** Byte sizes of the units; the tools say MB and mean 1,024 × 1,024, as their sources show. */
const BYTES: Record<string, number> = {
  B: 1,
  KB: 1024,
  KIB: 1024,
  MB: 1024 ** 2,
  MIB: 1024 ** 2,
  GB: 1024 ** 3,
  GIB: 1024 ** 3,
  TB: 1024 ** 4,
  TIB: 1024 ** 4,
};

/** No figure is longer; what is, would only cost time to refuse. */
const MAX_FIGURE_LENGTH = 64;
const MAX_WORD_LENGTH = 200;

interface Quantity {
  value: number;
  unit: string;
}

/** `12`, `"12.5 W"`, `"(132Mhz)"` or `{ value: 12, unit: "W" }`; null for all else. */
export function quantityOf(printed: unknown): Quantity | null {
  if (typeof printed === 'number') return Number.isFinite(printed) ? { value: printed, unit: '' } : null;
  if (typeof printed === 'string') {
    if (printed.length > MAX_FIGURE_LENGTH) return null;
    const match = /^\s*\(?\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([^\d\s()]*)\s*\)?\s*$/i.exec(printed);
    const value = Number(match?.[1] ?? Number.NaN);
    return Number.isFinite(value) ? { value, unit: match?.[2] ?? '' } : null;
  }
  if (typeof printed !== 'object' || printed === null || !('value' in printed)) return null;
  const inner = typeof printed.value === 'object' ? null : quantityOf(printed.value);
  const unit = 'unit' in printed && typeof printed.unit === 'string' ? printed.unit : '';
  return inner && { value: inner.value, unit: inner.unit || unit };
}

/** The number alone, whatever its unit. */
export function numberOf(printed: unknown): number | null {
  return quantityOf(printed)?.value ?? null;
}

/** As `numberOf`; negative ones are a tool's way of saying that it does not know. */
export function positiveOf(printed: unknown): number | null {
  const value = numberOf(printed);
  return value === null || value < 0 ? null : value;
}

/** Bytes of a size in its printed unit, or in `defaultUnit` where none is printed. */
export function bytesOf(printed: unknown, defaultUnit: string): number | null {
  const found = quantityOf(printed);
  const factor = BYTES[(found?.unit || defaultUnit).toUpperCase()];
  const bytes = found === null || factor === undefined ? -1 : Math.round(found.value * factor);
  return bytes < 0 || bytes > Number.MAX_SAFE_INTEGER ? null : bytes;
}

/** Watts of a power that is printed in W or mW. */
export function wattsOf(printed: unknown): number | null {
  const found = quantityOf(printed);
  if (found === null || found.value < 0) return null;
  return /^mw$/.test(found.unit.toLowerCase()) ? found.value / 1000 : found.value;
}

const NOTHING = /^(?:n\/?a|none|null|unknown|not supported|-+|\[.*\])?$/i;

/** A short text; null for the many words that say that there is none. */
export function printedWord(printed: unknown): string | null {
  const text = typeof printed === 'number' ? String(printed) : printed;
  if (typeof text !== 'string') return null;
  const word = text.trim().slice(0, MAX_WORD_LENGTH);
  return NOTHING.test(word) ? null : word;
}

/** In the one spelling of `normalPciAddress`; null where it is no address. */
export function printedPciAddress(printed: unknown): string | null {
  const address = printedWord(printed);
  return address === null ? null : normalPciAddress(address);
}

/** Generations of PCIe by the speed of one lane, in GT/s. */
const GENERATIONS = [2.5, 5, 8, 16, 32, 64, 128];

/** `16.0 GT/s PCIe` → 4. */
export function pcieGenerationOf(printed: unknown): number | null {
  const speed = typeof printed === 'string' ? Number.parseFloat(printed) : numberOf(printed);
  if (speed === null) return null;
  const at = GENERATIONS.indexOf(speed);
  return at < 0 ? null : at + 1;
}
