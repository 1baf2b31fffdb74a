/** Bits of nvmlClocksEventReasons. Source: nvml.h; the words are those of nvidia-smi's query fields. */
const reasons: readonly [bit: bigint, word: string][] = [
  [0x1n, 'gpu_idle'],
  [0x2n, 'applications_clocks_setting'],
  [0x4n, 'sw_power_cap'],
  [0x8n, 'hw_slowdown'],
  [0x10n, 'sync_boost'],
  [0x20n, 'sw_thermal_slowdown'],
  [0x40n, 'hw_thermal_slowdown'],
  [0x80n, 'hw_power_brake_slowdown'],
  [0x100n, 'display_clock_setting'],
];

/** A driver has a few dozen combinations; one that makes them up must not fill the memory. */
const MOST_DESCRIBED = 256;
const described = new Map<bigint, string>();

/** `sw_power_cap,hw_slowdown`; '' for no reason. A bit that is not known is told as its number. */
export function describeThrottleReasons(bits: bigint): string {
  const known = described.get(bits);
  if (known !== undefined) return known;
  const text = describe(bits);
  if (described.size < MOST_DESCRIBED) described.set(bits, text);
  return text;
}

function describe(bits: bigint): string {
  const words = reasons.filter(([bit]) => (bits & bit) !== 0n).map(([, word]) => word);
  const others = reasons.reduce((rest, [bit]) => rest & ~bit, bits);
  return others === 0n ? words.join(',') : [...words, `0x${others.toString(16)}`].join(',');
}
