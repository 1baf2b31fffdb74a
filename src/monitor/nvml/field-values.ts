import { type Handle, type Nvml, nvmlCodes } from './library.ts';

/** Figures that the library gives by number, several in one call. Source: nvml.h, NVML_FI_DEV_…. */
export const fieldIds = {
  memoryTemperatureCelsius: 82,
  nvlinkTransmitKibibytes: 138,
  nvlinkReceiveKibibytes: 139,
  pcieTransmitBytes: 197,
  pcieReceiveBytes: 198,
} as const;
type FieldName = keyof typeof fieldIds;
/** All links together. */
const ALL_LINKS = 0xffffffff;
/** nvmlFieldValue_t: field, scope, timestamp, latency, type, code, value. */
const FIELD_BYTES = 40;
const buffer = Buffer.alloc(FIELD_BYTES * Object.keys(fieldIds).length);
/** The same memory; see library.ts for why. */
const numbers = new Uint32Array(buffer.buffer, buffer.byteOffset, buffer.length / 4);
const words = new BigUint64Array(buffer.buffer, buffer.byteOffset, buffer.length / 8);

/** Asks for all of them in one call. Null for each that the driver does not give. */
export function readFieldValues<Name extends FieldName>(
  nvml: Nvml,
  device: Handle,
  names: readonly Name[],
): Record<Name, number | null> {
  words.fill(0n);
  names.forEach((name, at) => {
    numbers[(at * FIELD_BYTES) / 4] = fieldIds[name];
    numbers[(at * FIELD_BYTES) / 4 + 1] = name.startsWith('nvlink') ? ALL_LINKS : 0;
  });
  const code = nvml.call(
    'nvmlDeviceGetFieldValues',
    ['handle', 'number', 'buffer'],
    device,
    names.length,
    buffer,
  );
  const values: Partial<Record<Name, number | null>> = {};
  names.forEach((name, at) => {
    values[name] = code === nvmlCodes.success ? readValue(at * FIELD_BYTES) : null;
  });
  return values as Record<Name, number | null>;
}

function readValue(start: number): number | null {
  const type = numbers[(start + 24) / 4];
  if (numbers[(start + 28) / 4] !== nvmlCodes.success) return null;
  const value = start + 32;
  switch (type) {
    case 0:
      return buffer.readDoubleLE(value);
    case 1:
      return numbers[value / 4] ?? null;
    case 2:
    case 3:
      return Number(words[value / 8]);
    case 4:
      return Number(buffer.readBigInt64LE(value));
    case 5:
      return buffer.readInt32LE(value);
    case 6:
      return buffer.readUInt16LE(value);
    default:
      return null;
  }
}
