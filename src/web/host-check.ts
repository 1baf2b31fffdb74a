/**
 * Which Host headers are answered. A page on the web can make a name of its own resolve to 127.0.0.1 and read
 * what it likes (DNS rebinding), but it cannot make the browser send another name than its own.
 */

/** The host without its port, in lower case; null where it is no host. */
export function hostOf(header: string): string | null {
  const match = /^(\[[0-9a-fA-F:.]+(?:%25[\w.-]+)?\]|[^\s:[\]/@\\?#]+)(?::\d{1,5})?$/.exec(header.trim());
  return match?.[1]?.toLowerCase().replace(/\.$/, '') ?? null;
}

function isAddress(host: string): boolean {
  if (host.startsWith('[')) return true;
  const bytes = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  return bytes?.slice(1).every((byte) => Number(byte) < 256) ?? false;
}

/** `header`: as a browser sends it, with or without a port. */
export function isAllowedHost(header: string, allowedHosts: readonly string[]): boolean {
  const host = hostOf(header);
  if (host === null) return false;
  if (host === 'localhost' || host.endsWith('.localhost') || isAddress(host)) return true;
  return allowedHosts.some((allowed) => allowed.toLowerCase().replace(/\.$/, '') === host);
}
