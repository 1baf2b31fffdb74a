/** One message of the kernel. */
export interface KernelRecord {
  /** Microseconds since the kernel's start; null where the source gives epoch time. */
  sinceBootUs: number | null;
  atMs: number | null;
  text: string;
}

/** Users may write into the kernel's log too, but never as the kernel itself. */
const KERNEL_FACILITY = 0;

/**
 * Records of /dev/kmsg: `6,1234,5678901,-;text`, and lines that begin with a space for more about it. A message of
 * several lines is one record with `\x0a` between them. Source: Documentation/ABI/testing/dev-kmsg.
 */
export function parseKmsg(text: string): KernelRecord[] {
  return text.split('\n').flatMap((line): KernelRecord[] => {
    const match = /^(\d+),\d+,(\d+),[^;]*;(.*)$/.exec(line);
    if (!match || Number(match[1]) >> 3 !== KERNEL_FACILITY) return [];
    return [{ sinceBootUs: Number(match[2]), atMs: null, text: (match[3] ?? '').replaceAll('\\x0a', ' ') }];
  });
}

/** A line of `journalctl --dmesg --output=short-unix`: `1740327858.123456 host kernel: text`. */
export function parseJournalLine(line: string): KernelRecord | null {
  const match = /^(\d+)\.(\d{3})\d* \S+ kernel: (.*)$/.exec(line);
  if (!match) return null;
  return { sinceBootUs: null, atMs: Number(match[1]) * 1000 + Number(match[2]), text: match[3] ?? '' };
}
