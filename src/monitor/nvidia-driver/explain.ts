import { VERSION_MISMATCH } from '../nvml/helper-messages.ts';
import type { System } from '../system.ts';
import { findNvmlLibrary } from './library-path.ts';
import { readLibraryVersion, readModuleVersion } from './versions.ts';

const NVIDIA_VENDOR = '0x10de';
/** Display controllers, as VGA and 3D cards. */
const DISPLAY_CLASS = /^0x03/;
const PCI_FOLDER = '/sys/bus/pci/devices';

/** NVIDIA's GPUs on the PCI bus, driver or not. */
export function countNvidiaCards(system: System): number {
  let names: string[];
  try {
    names = system.list(PCI_FOLDER);
  } catch {
    return 0;
  }
  const field = (name: string, file: string) =>
    system.tryReadText(`${PCI_FOLDER}/${name}/${file}`)?.trim() ?? '';
  return names.filter(
    (name) => field(name, 'vendor') === NVIDIA_VENDOR && DISPLAY_CLASS.test(field(name, 'class')),
  ).length;
}

/** nvml.h */
const INSUFFICIENT_PERMISSIONS = 4;
const DRIVER_NOT_LOADED = 9;

/** The library's refusal with what a person needs to mend it. */
export function explainNvmlFailure(system: System, code: number, reason: string): string {
  switch (code) {
    case VERSION_MISMATCH: {
      const path = findNvmlLibrary(system);
      const library = path && readLibraryVersion(system, path);
      const module = readModuleVersion(system);
      return `${reason}: the kernel module is ${module ?? 'unknown'}, the library ${library ?? 'unknown'}; reboot the node or load the module anew`;
    }
    case DRIVER_NOT_LOADED:
      return `${reason}, though the node has ${describeCards(countNvidiaCards(system))}; try modprobe nvidia, or reboot`;
    case INSUFFICIENT_PERMISSIONS:
      return `${reason}: this user may not open /dev/nvidia*`;
    default:
      return `NVML: ${reason}`;
  }
}

/** The driver answers and finds nothing. */
export function explainNoDevices(system: System): string | null {
  const cards = countNvidiaCards(system);
  return cards === 0
    ? null
    : `the NVIDIA driver finds no devices, though the node has ${describeCards(cards)}`;
}

const describeCards = (count: number) => `${count} NVIDIA ${count === 1 ? 'GPU' : 'GPUs'} on the PCI bus`;
