/** The paths of `/proc/PID/cgroup` (cgroups(7)): `ID:CONTROLLERS:PATH`, one line for each hierarchy. */

const MAX_LINES = 64;
const MAX_SEGMENTS = 64;

/**
 * Distinct paths other than the root, in their order; lines of another shape are left out. A process that
 * is dead but not yet reaped may sit in a group that was removed: ` (deleted)` follows the path then.
 */
export function parseCgroupPaths(text: string): string[] {
  const paths = new Set<string>();
  for (const line of text.split('\n', MAX_LINES)) {
    const path = /^\d+:[^:]*:(\/.+?)(?: \(deleted\))?$/.exec(line)?.[1];
    if (path !== undefined) paths.add(path);
  }
  return [...paths];
}

/**
 * Names along a path, outermost first. `..` is what is above the reader's own cgroup namespace. runc given a
 * systemd path while it manages groups itself makes one name of `SLICE:PREFIX:ID`: those are told apart too.
 */
export function segmentsOf(path: string): string[] {
  return path
    .split('/', MAX_SEGMENTS)
    .flatMap((segment) => (segment.includes(':') ? splitRuncName(segment) : [segment]))
    .filter((segment) => segment !== '' && segment !== '..');
}

function splitRuncName(segment: string): string[] {
  const [slice = '', prefix = '', id = ''] = segment.split(':', 3);
  return id === '' ? [segment] : [slice, prefix === '' ? id : `${prefix}-${id}`];
}

/** systemd writes what a unit's name may not hold as `\xNN` (systemd-escape(1)). */
export function unescapeUnit(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}
