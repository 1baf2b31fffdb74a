import { cutText } from '../../lib/cut-text.ts';
import { MAX_FILESYSTEMS } from '../../protocol/constants.ts';
import type { FilesystemSample } from '../../protocol/sample.ts';
import type { FilesystemSpace, System } from '../system.ts';

export interface Mount {
  mountPoint: string;
  source: string;
  fsType: string;
  /** `major:minor`. */
  device: string;
  /** Folder of the file system that is mounted here; not `/` for bind mounts. */
  root: string;
  readOnly: boolean;
}

const NETWORK_TYPES =
  /^(?:nfs4?|cifs|smb3|lustre|gpfs|beegfs(?:_nodev)?|ceph|glusterfs|9p|wekafs|panfs|afs|pvfs2|orangefs|fuse\.(?!lxcfs|portal|gvfsd).+)$/;
const LOCAL_TYPES =
  /^(?:ext[234]|xfs|btrfs|zfs|f2fs|jfs|reiserfs|bcachefs|vfat|exfat|ntfs3?|fuseblk|nilfs2|overlay)$/;

/** Octal escapes as the kernel writes them in mountinfo. */
const unescapeMount = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** Parses `/proc/self/mountinfo` (proc(5)). */
export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , device, root, mountPoint, options] = before.split(/ +/);
    const [fsType, source, superOptions = ''] = after.split(' ');
    if (!device || !root || !mountPoint || !fsType || source === undefined) continue;
    const readOnly = [options, superOptions].some((list) => list?.split(',').includes('ro'));
    mounts.push({
      mountPoint: unescapeMount(mountPoint),
      source: unescapeMount(source),
      fsType,
      device,
      root: unescapeMount(root),
      readOnly,
    });
  }
  return mounts;
}

function isShown(mount: Mount): boolean {
  if (mount.fsType === 'tmpfs') return mount.mountPoint === '/tmp';
  if (mount.fsType === 'overlay') return mount.mountPoint === '/';
  return LOCAL_TYPES.test(mount.fsType) || NETWORK_TYPES.test(mount.fsType);
}

/**
 * The file systems that people ask about, each once: of several mounts of one device the one of its
 * whole tree, then the shortest path. The last mount on a path hides the earlier ones.
 */
export function chooseMounts(mounts: readonly Mount[]): Mount[] {
  const visible = new Map(mounts.map((mount) => [mount.mountPoint, mount]));
  const byDevice = new Map<string, Mount>();
  for (const mount of visible.values()) {
    if (!isShown(mount)) continue;
    const key = mount.fsType === 'zfs' ? `zfs ${mount.source}` : mount.device;
    const other = byDevice.get(key);
    if (!other || isBetter(mount, other)) byDevice.set(key, mount);
  }
  // Anybody may mount FUSE: those never crowd out the others.
  const inOrder = [...byDevice.values()].sort(
    (a, b) => Number(isUsersOwn(a)) - Number(isUsersOwn(b)) || (a.mountPoint < b.mountPoint ? -1 : 1),
  );
  return inOrder.slice(0, MAX_FILESYSTEMS).sort((a, b) => (a.mountPoint < b.mountPoint ? -1 : 1));
}

const isUsersOwn = (mount: Mount) => mount.fsType.startsWith('fuse.');

function isBetter(mount: Mount, other: Mount): boolean {
  const whole = Number(mount.root === '/') - Number(other.root === '/');
  return whole !== 0 ? whole > 0 : mount.mountPoint.length < other.mountPoint.length;
}

/** Rotating where any disk below is: a mapping over both is as slow as its slowest part. */
function isRotational(system: System, block: string, depth = 0): boolean | null {
  if (depth > 4) return null;
  const slaves = listOrEmpty(system, `${block}/slaves`);
  if (slaves.length > 0) {
    const kinds = slaves.map((name) => isRotational(system, `/sys/class/block/${name}`, depth + 1));
    return kinds.includes(true) ? true : kinds.includes(null) ? null : false;
  }
  const flag =
    system.tryReadText(`${block}/queue/rotational`) ?? system.tryReadText(`${block}/../queue/rotational`);
  return flag === null ? null : flag.trim() === '1';
}

function listOrEmpty(system: System, path: string): string[] {
  try {
    return system.list(path);
  } catch {
    return [];
  }
}

function kindOf(system: System, mount: Mount): FilesystemSample['kind'] {
  if (mount.fsType === 'tmpfs') return 'memory';
  if (NETWORK_TYPES.test(mount.fsType)) return 'network';
  // btrfs shows a made-up device number, so its source is asked instead.
  const name = mount.source.startsWith('/dev/') ? mount.source.slice(5) : '';
  const block = mount.device.startsWith('0:') ? `/sys/class/block/${name}` : `/sys/dev/block/${mount.device}`;
  const rotational = isRotational(system, block);
  return rotational === null ? 'unknown' : rotational ? 'HDD' : 'SSD';
}

interface Probe {
  mount: Mount;
  kind: FilesystemSample['kind'];
  space: FilesystemSpace | null;
  error: string | null;
  /** Monotonic time at which the question now in flight was asked. */
  askedAtMs: number | null;
}

/** Space changes slowly, and every question wakes a thread. */
const LOOK_EVERY_MS = 5_000;
const UNWATCHED_LOOK_EVERY_MS = 30_000;
const SLOW_ANSWER_MS = 2_000;

/**
 * Asks every file system in a thread of libuv's pool, never twice at once: a dead server keeps its
 * thread for ever, and is reported while the others go on. `main.ts` makes the pool large enough.
 */
export function createFilesystemCollector(system: System): (watched: boolean) => FilesystemSample[] {
  const probes = new Map<string, Probe>();
  let mountsText = '';
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  function refreshMounts(): void {
    const text = system.readText('/proc/self/mountinfo');
    if (text === mountsText) return;
    mountsText = text;
    const chosen = chooseMounts(parseMounts(text));
    const kept = new Set(chosen.map((mount) => mount.mountPoint));
    for (const path of probes.keys()) if (!kept.has(path)) probes.delete(path);
    for (const mount of chosen) {
      const known = probes.get(mount.mountPoint);
      if (known) known.mount = mount;
      else
        probes.set(mount.mountPoint, {
          mount,
          kind: kindOf(system, mount),
          space: null,
          error: null,
          askedAtMs: null,
        });
    }
  }

  function ask(probe: Probe, nowMs: number): void {
    if (probe.askedAtMs !== null) return;
    probe.askedAtMs = nowMs;
    system
      .filesystemSpace(probe.mount.mountPoint)
      .then((space) => {
        probe.space = space;
        probe.error = null;
      })
      .catch((error: Error) => {
        probe.space = null;
        probe.error = error.message;
      })
      .finally(() => {
        probe.askedAtMs = null;
      });
  }

  return (watched) => {
    const nowMs = system.monotonicMs();
    if (nowMs - lookedAtMs >= (watched ? LOOK_EVERY_MS : UNWATCHED_LOOK_EVERY_MS)) {
      lookedAtMs = nowMs;
      refreshMounts();
      for (const probe of probes.values()) ask(probe, nowMs);
    }
    return Array.from(probes.values(), (probe) => filesystemSample(probe, nowMs));
  };
}

/** A user can mount 4 KB of control characters, each of which takes six in JSON. */
const MAX_PATH_LENGTH = 512;

function filesystemSample(probe: Probe, nowMs: number): FilesystemSample {
  const { mount, kind } = probe;
  const waitedMs = probe.askedAtMs === null ? 0 : nowMs - probe.askedAtMs;
  const hangs = waitedMs > SLOW_ANSWER_MS;
  const space = hangs ? null : probe.space;
  const error = hangs ? `has not answered for ${Math.round(waitedMs / 1000)} s` : probe.error;
  return {
    mountPoint: cutText(mount.mountPoint, MAX_PATH_LENGTH),
    source: cutText(mount.source, MAX_PATH_LENGTH),
    fsType: mount.fsType,
    kind,
    totalBytes: space?.totalBytes ?? null,
    usedBytes: space ? space.totalBytes - space.freeBytes : null,
    availableBytes: space?.availableBytes ?? null,
    readOnly: mount.readOnly,
    ...(error === null ? {} : { error }),
  };
}
