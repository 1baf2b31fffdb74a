import type { System } from '../../system.ts';

/** Display controllers, co-processors and accelerators: Intel's and AMD's numbers are on other devices too. */
const ACCELERATOR_CLASS = /^0x(?:03|0b|12)/;

/** Whether the PCI bus has a GPU of one of these vendors (`0x1002`); null where the bus cannot be read. */
export function readHasPciGpu(system: System, vendors: readonly string[]): boolean | null {
  const found = listOf(system, '/sys/bus/pci/devices');
  if (found.length === 0) return null;
  return found.some((address) => {
    const text = (name: string) =>
      (system.tryReadText(`/sys/bus/pci/devices/${address}/${name}`) ?? '').trim().toLowerCase();
    return vendors.includes(text('vendor')) && ACCELERATOR_CLASS.test(text('class'));
  });
}

/** The names in a folder; none where it cannot be read. */
export function listOf(system: System, path: string): string[] {
  try {
    return system.list(path);
  } catch {
    return [];
  }
}

const PCI_NAMES = ['/usr/share/hwdata/pci.ids', '/usr/share/misc/pci.ids'];
const AMD_NAMES = ['/usr/share/libdrm/amdgpu.ids', '/opt/amdgpu/share/libdrm/amdgpu.ids'];

/** The first of these files that is there, whole. */
function readFirst(system: System, paths: readonly string[]): string {
  for (const path of paths) {
    const text = system.tryReadText(path);
    if (text !== null) return text;
  }
  return '';
}

/** Name of a device in the file `pci.ids`: vendors at the line's start, their devices behind a tab. */
export function parsePciName(text: string, vendor: string, device: string): string | null {
  const start = text.search(new RegExp(`^${vendor}\\s`, 'm'));
  if (start < 0) return null;
  const next = text.slice(start + 1).search(/^[0-9a-f]{4}\s/m);
  const part = next < 0 ? text.slice(start) : text.slice(start, start + 1 + next);
  return new RegExp(`^\\t${device}\\s+(.{1,200})$`, 'm').exec(part)?.[1]?.trim() ?? null;
}

/** Name of a device in libdrm's `amdgpu.ids`: device, revision and name, by commas. */
export function parseAmdName(text: string, device: string, revision: string): string | null {
  return new RegExp(`^${device},\\s*${revision},\\s*(.{1,200})$`, 'im').exec(text)?.[1]?.trim() ?? null;
}

const digitsOf = (id: string | null, length: number) =>
  /^(?:0x)?([0-9a-f]+)$/i
    .exec(id?.trim() ?? '')?.[1]
    ?.toLowerCase()
    .padStart(length, '0') ?? null;

/** The device's name as the node's own lists have it; null where they have none. Ids as sysfs prints them. */
export function readDeviceName(
  system: System,
  ids: { vendor: string | null; device: string | null; revision: string | null },
): string | null {
  const vendor = digitsOf(ids.vendor, 4);
  const device = digitsOf(ids.device, 4);
  const revision = digitsOf(ids.revision, 2);
  if (vendor === null || device === null) return null;
  const amdName =
    vendor === '1002' && revision ? parseAmdName(readFirst(system, AMD_NAMES), device, revision) : null;
  return amdName ?? parsePciName(readFirst(system, PCI_NAMES), vendor, device);
}
