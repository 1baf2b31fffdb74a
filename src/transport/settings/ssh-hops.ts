/** One host of a ProxyJump, as ssh_config writes it. */
export interface Hop {
  host: string;
  user: string | null;
  port: number | null;
}

function parsePort(text: string | undefined): number | null {
  if (text === undefined) return null;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new Error(`bad port ${text} in ProxyJump`);
  return port;
}

function parseHostPort(text: string): { host: string; port: number | null } {
  const found = /^\[([^\]]+)\](?::([^:]*))?$/.exec(text) ?? /^([^:]*)(?::([^:]*))?$/.exec(text);
  // More colons than one and no brackets: a bare IPv6 address.
  if (found === null) return { host: text, port: null };
  return { host: found[1] ?? '', port: parsePort(found[2]) };
}

function parseHop(text: string): Hop {
  const uri = /^ssh:\/\//i.test(text);
  const rest = uri ? text.slice('ssh://'.length).replace(/\/$/, '') : text;
  const at = rest.lastIndexOf('@');
  const named = at < 0 ? null : rest.slice(0, at);
  const user = named !== null && uri ? decodeURIComponent(named) : named;
  const { host, port } = parseHostPort(rest.slice(at + 1));
  if (host === '' || user === '') throw new Error(`bad jump host "${text}"`);
  return { host, user, port };
}

/** Reads `[user@]host[:port],ssh://…`; the first hop is the nearest. Throws with a sentence. */
export function parseHops(text: string): Hop[] {
  return text.split(',').map((hop) => parseHop(hop.trim()));
}

/** Writes hops so that `ssh -J` reads the same. */
export function formatHops(hops: readonly Hop[]): string {
  return hops
    .map(({ host, user, port }) => {
      const place = host.includes(':') ? `[${host}]` : host;
      return `${user === null ? '' : `${user}@`}${place}${port === null ? '' : `:${port}`}`;
    })
    .join(',');
}
