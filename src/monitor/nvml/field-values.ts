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

export function readFieldValues<Name extends FieldName>(
  nvml: Nvml,
  device: Handle,
  names: readonly Name[],
): Record<Name, number | null> {
  buffer.fill(0);
  names.forEach((name, at) => {
    buffer.writeUInt32LE(fieldIds[name], at * FIELD_BYTES);
    buffer.writeUInt32LE(name.startsWith('nvlink') ? ALL_LINKS : 0, at * FIELD_BYTES + 4);
  });
  const code = nvml.call(
    'nvmlDeviceGetFieldValues',
    ['handle', 'number', 'buffer'],
    device,
    names.length,
    buffer,
  );
  const values = names.map((name, at): [Name, number | null] => [
    name,
    code === nvmlCodes.success ? readValue(at * FIELD_BYTES) : null,
  ]);
  return Object.fromEntries(values) as Record<Name, number | null>;
}

function readValue(start: number): number | null {
  const type = buffer.readUInt32LE(start + 24);
  if (buffer.readUInt32LE(start + 28) !== nvmlCodes.success) return null;
  const value = start + 32;
  switch (type) {
    case 0:
      return buffer.readDoubleLE(value);
    case 1:
      return buffer.readUInt32LE(value);
    case 2:
    case 3:
      return Number(buffer.readBigUInt64LE(value));
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
