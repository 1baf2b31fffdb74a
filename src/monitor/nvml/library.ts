/** NVML through koffi's bare addon: numbers and buffers in and out, no declared structures. */

/** What is used of koffi's addon. */
export interface ForeignFunctions {
  load(path: string): { func(name: string, result: string, parameters: readonly string[]): ForeignFunction };
}
type ForeignFunction = (...values: readonly unknown[]) => number;

/** Return codes of nvml.h that mean more than "not here". */
export const nvmlCodes = {
  success: 0,
  insufficientSize: 7,
  gpuIsLost: 15,
  resetRequired: 16,
  functionNotFound: 13,
  unknown: 999,
} as const;

const codeTexts: Record<number, string> = {
  1: 'not initialized',
  2: 'invalid argument',
  3: 'not supported',
  4: 'insufficient permissions',
  6: 'not found',
  8: 'GPU without its power cables',
  9: 'driver not loaded',
  10: 'timeout',
  11: 'the kernel found a problem with the interrupts of a GPU',
  12: 'library not found',
  13: 'the library lacks this function',
  14: 'corrupted information ROM',
  15: 'GPU is lost: it has fallen off the bus',
  16: 'GPU requires a reset',
  17: 'blocked by the operating system',
  18: 'driver/library version mismatch',
  19: 'in use',
  20: 'out of memory',
  23: 'insufficient resources',
  27: 'not ready',
  28: 'GPU not found',
  999: 'unknown error of the driver',
};

/** The library's error codes in words. Source: nvml.h. */
export function describeCode(code: number): string {
  return codeTexts[code] ?? `NVML error ${code}`;
}

/** Kinds of parameters; a handle is a pointer, which is 64 bits on every machine that NVML runs on. */
type Parameter = 'handle' | 'number' | 'count' | 'buffer';
const foreignTypes: Record<Parameter, string> = {
  handle: 'uint64_t',
  number: 'uint32_t',
  count: 'uint64_t',
  buffer: 'void *',
};

/** A GPU or MIG instance, as the library names it. */
export type Handle = bigint;

export interface Nvml {
  /** The library's code; `functionNotFound` where this driver's library lacks the function. */
  call(name: string, parameters: readonly Parameter[], ...values: readonly unknown[]): number;
  /** One unsigned 32-bit figure of a device, null where there is none. `choice` goes between device and result. */
  number(name: string, device: Handle, choice?: number): number | null;
  /** One unsigned 64-bit figure of a device. */
  large(name: string, device: Handle): number | null;
  text(name: string, device: Handle, size: number): string | null;
  /** Two unsigned 32-bit figures. */
  pair(name: string, device: Handle): [number, number] | null;
}

const UNKNOWN_32 = 0xffffffff;

/**
 * Opens the library. Throws where it cannot be loaded (no library, foreign C library, no room to map it).
 * `onCode` hears every failure of a device's function, so that a lost GPU is seen whoever asks.
 */
export function openNvml(foreign: ForeignFunctions, path: string, onCode: (code: number) => void): Nvml {
  const library = foreign.load(path);
  const functions = new Map<string, ForeignFunction | null>();
  const scratch = Buffer.alloc(256);
  // The helper has no compiler: Buffer's own functions, which are JavaScript, would cost as much as the driver does.
  const numbers = new Uint32Array(scratch.buffer, scratch.byteOffset, 2);
  const words = new BigUint64Array(scratch.buffer, scratch.byteOffset, 1);
  const first = scratch.subarray(0, 4);
  const second = scratch.subarray(4, 8);

  function find(name: string, parameters: readonly Parameter[]): ForeignFunction | null {
    const known = functions.get(name);
    if (known !== undefined) return known;
    let found: ForeignFunction | null = null;
    try {
      found = library.func(
        name,
        'int',
        parameters.map((parameter) => foreignTypes[parameter]),
      );
    } catch {
      // An older driver's library has no such symbol.
    }
    functions.set(name, found);
    return found;
  }

  function call(name: string, parameters: readonly Parameter[], ...values: readonly unknown[]): number {
    const found = find(name, parameters);
    if (found === null) return nvmlCodes.functionNotFound;
    const code = found(...values);
    if (code !== nvmlCodes.success) onCode(code);
    return code;
  }

  function asked(name: string, device: Handle, choice: number | undefined): boolean {
    words[0] = 0n;
    const code =
      choice === undefined
        ? call(name, ['handle', 'buffer'], device, scratch)
        : call(name, ['handle', 'number', 'buffer'], device, choice, scratch);
    return code === nvmlCodes.success;
  }

  return {
    call,
    number(name, device, choice) {
      if (!asked(name, device, choice)) return null;
      const [value = UNKNOWN_32] = numbers;
      return value === UNKNOWN_32 ? null : value;
    },
    large: (name, device) => (asked(name, device, undefined) ? Number(words[0]) : null),
    text(name, device, size) {
      const code = call(
        name,
        ['handle', 'buffer', 'number'],
        device,
        scratch,
        Math.min(size, scratch.length),
      );
      return code === nvmlCodes.success ? readText(scratch, 0, size) : null;
    },
    pair(name, device) {
      words[0] = 0n;
      const code = call(name, ['handle', 'buffer', 'buffer'], device, first, second);
      return code === nvmlCodes.success ? [numbers[0] ?? 0, numbers[1] ?? 0] : null;
    },
  };
}

/** A C string of at most `size` bytes. */
export function readText(buffer: Buffer, start: number, size: number): string {
  const field = buffer.subarray(start, start + size);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}
