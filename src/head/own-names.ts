import { lookupService } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';

/** Names and addresses under which other machines may know this one. */

/** As the machine calls itself, in full and short. */
export function localNames(): string[] {
  const name = hostname().toLowerCase();
  return [...new Set([name, name.split('.')[0] ?? name])];
}

/** Addresses that others can reach, IPv4 first; without those of one link, which need an interface's name. */
export function reachableAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const reachable = all.filter(({ internal, address }) => !internal && !/^fe80:/i.test(address));
  return reachable
    .sort((a, b) => a.family.localeCompare(b.family))
    .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));
}

/** Calls back with each name that the resolver knows for one of the addresses; one that is dead tells nothing. */
export function findResolvedNames(onName: (name: string) => void): void {
  for (const address of reachableAddresses().slice(0, 8)) {
    lookupService(address.replace(/^\[|\]$/g, ''), 80).then(
      ({ hostname: name }) => /[a-z]/i.test(name) && !name.includes(':') && onName(name.toLowerCase()),
      () => undefined,
    );
  }
}
