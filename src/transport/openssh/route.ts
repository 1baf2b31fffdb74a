import type { Place } from '../settings/ask-ssh.ts';
import { formatHops, type Hop } from '../settings/ssh-hops.ts';
import type { SettingsResolver } from '../settings/ssh-settings.ts';
import { StepError } from '../ssh-step-error.ts';
import type { OpensshHop } from './command.ts';

const MAX_HOPS = 8;

/**
 * Resolves a host and the jump hosts before it, each as its own settings say; `via` of another host's settings
 * overrules them. Rejects with a `StepError`.
 */
export async function resolveRoute(
  resolver: SettingsResolver,
  place: Place,
  via: readonly Hop[] = [],
  chain: readonly string[] = [],
): Promise<OpensshHop> {
  const name = formatHops([place]);
  if (chain.includes(name) || chain.length > MAX_HOPS) {
    const detail = `the jump hosts run in a circle at ${name}`;
    const hint = 'Give the jump host a ProxyJump of its own in the ssh configuration (none ends the chain).';
    throw new StepError({ cause: 'config', detail, hint });
  }
  const settings = await resolver.resolve(place);
  const hops = via.length > 0 ? via : settings.proxy.kind === 'jump' ? settings.proxy.hops : [];
  const before = hops.at(-1);
  if (before === undefined) return { place, settings, via: null };
  const rest = hops.slice(0, -1);
  return { place, settings, via: await resolveRoute(resolver, before, rest, [...chain, name]) };
}
