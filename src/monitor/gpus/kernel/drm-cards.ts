import type { System } from '../../system.ts';
import { normalPciAddress } from './pci-address.ts';
import { listOf } from './pci-devices.ts';

/** A GPU that the kernel's graphics subsystem knows. */
export interface DrmCard {
  /** `/sys/class/drm/card0` */
  path: string;
  /** `/sys/class/drm/card0/device` */
  device: string;
  pciAddress: string;
  /** The kernel's driver: `amdgpu`, `i915`, `xe`. */
  driver: string;
  vendor: string | null;
  deviceId: string | null;
  revision: string | null;
  hwmon: string | null;
}

const FOLDER = '/sys/class/drm';
const MAX_CARDS = 64;

/** The cards that one of these drivers serves, in PCI order. Partitions of a card have no address: not listed. */
export function listDrmCards(system: System, drivers: readonly string[]): DrmCard[] {
  const names = listOf(system, FOLDER).filter((name) => /^card\d+$/.test(name));
  const cards = names.slice(0, MAX_CARDS).flatMap((name) => {
    const card = readCard(system, `${FOLDER}/${name}`);
    return card !== null && drivers.includes(card.driver) ? [card] : [];
  });
  return cards.sort((a, b) => (a.pciAddress < b.pciAddress ? -1 : 1));
}

function readCard(system: System, path: string): DrmCard | null {
  const device = `${path}/device`;
  const event = system.tryReadText(`${device}/uevent`) ?? '';
  const address = /^PCI_SLOT_NAME=(\S+)$/m.exec(event)?.[1];
  const driver = /^DRIVER=(\S+)$/m.exec(event)?.[1];
  if (address === undefined || driver === undefined) return null;
  const text = (name: string) => system.tryReadText(`${device}/${name}`)?.trim() ?? null;
  const [hwmon] = listOf(system, `${device}/hwmon`).filter((name) => /^hwmon\d+$/.test(name));
  return {
    path,
    device,
    driver,
    pciAddress: normalPciAddress(address),
    vendor: text('vendor'),
    deviceId: text('device'),
    revision: text('revision'),
    hwmon: hwmon === undefined ? null : `${device}/hwmon/${hwmon}`,
  };
}

/**
 * Whether the kernel has put the device to sleep. Reading a figure of it would wake it, and keep it awake for
 * seconds: a sleeping GPU is left alone.
 */
export function isAsleep(system: System, card: DrmCard): boolean {
  return system.tryReadText(`${card.device}/power/runtime_status`)?.trim() === 'suspended';
}
