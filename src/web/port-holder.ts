import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LISTENING = '0A';

/** Socket inodes that listen on a port, from the text of `/proc/net/tcp` or `tcp6`. */
export function parseListeners(text: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${wanted}`) && fields[3] === LISTENING)
    .map((fields) => fields[9] ?? '');
}

function attempt<T>(action: () => T, otherwise: T): T {
  try {
    return action();
  } catch {
    return otherwise;
  }
}

function holds(pid: string, links: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`;
  const descriptors = attempt(() => readdirSync(folder), []);
  return descriptors.some((name) => links.has(attempt(() => readlinkSync(`${folder}/${name}`), '')));
}

/** ` by pid 123 (node)` for a port that is taken, as far as this user may see; '' otherwise. */
export function portHolder(port: number): string {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    parseListeners(
      attempt(() => readFileSync(file, 'utf8'), ''),
      port,
    ),
  );
  const links = new Set(inodes.map((inode) => `socket:[${inode}]`));
  if (links.size === 0) return '';
  const pid = attempt(() => readdirSync('/proc'), []).find(
    (name) => /^\d+$/.test(name) && holds(name, links),
  );
  if (pid === undefined) return " by another user's program";
  const name = attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), 'unknown');
  return ` by pid ${pid} (${name})`;
}
