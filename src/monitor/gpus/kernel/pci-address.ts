/** PCI addresses in one spelling: eight digits of domain, lower case. */
export function normalPciAddress(address: string): string {
  const match = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-9a-f])$/i.exec(address.trim());
  if (!match) return address.trim().toLowerCase();
  const [, domain = '0', bus, device, func] = match;
  return `${domain.slice(-8).padStart(8, '0')}:${bus}:${device}.${func}`.toLowerCase();
}
