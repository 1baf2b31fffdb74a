import { MAX_FILESYSTEMS } from '../../protocol/constants.ts';

export interface Mount {
  mountPoint: string;
  source: string;
  fsType: string;
  /** `major:minor`. */
  device: string;
  /** Folder of the file system that is mounted here; not `/` for bind mounts. */
  root: string;
  readOnly: boolean;
  /** Of an autofs mount that lies below: how long it waits for the last use before it unmounts this one; else null. */
  idleLimitMs: number | null;
}

/** What lies on other machines, or on the host of a virtual one. */
const NETWORK_TYPES =
  /^(?:nfs4?|cifs|smb3|smbfs|lustre|gpfs|beegfs(?:_nodev)?|ceph|glusterfs|9p|wekafs|panfs|afs|pvfs2|orangefs|quobyte|coda|ncpfs|virtiofs|vboxsf|vmhgfs|prl_fs|fuse|fuse\..+)$/;

/** What the kernel shows of itself, and what only arranges other file systems anew. */
const NO_FILESYSTEM =
  /^(?:proc|sysfs|cgroup2?|cpuset|devtmpfs|devpts|debugfs|tracefs|securityfs|sockfs|bpf|pipefs|ramfs|rootfs|hugetlbfs|mqueue|pstore|autofs|efivarfs|fusectl|configfs|binfmt_misc|binder|rpc_pipefs|nfsd|selinuxfs|smackfs|apparmorfs|nsfs|pidfs|bdev|usbfs|functionfs|gadgetfs|xenfs|spufs|openpromfs|resctrl|s390_hypfs|ipathfs|oprofilefs|nullfs|fuse\.(?:lxcfs|portal|gvfsd.*|gvfs-fuse-daemon|fuse-overlayfs|bindfs|mergerfs-fuse|.*\.AppImage))$/;

/** Images that are always full, such as those of snaps and of containers. */
const IMAGE = /^(?:squashfs|erofs|cramfs|romfs|iso9660|udf|fuse\.(?:squashfuse(?:_ll)?|snapfuse))$/;

/** Layers over other file systems, which are told themselves: they count where nothing else is at `/`. */
const LAYERS = /^(?:overlay|overlayfs|aufs|unionfs|shiftfs)$/;

/** Octal escapes as the kernel writes them in mountinfo. */
const unescapeMount = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** Parses `/proc/self/mountinfo` (proc(5)). */
export function parseMounts(text: string): Mount[] {
  const found: { mount: Mount; parent: string }[] = [];
  const idleLimits = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [id = '', parent = '', device, root, mountPoint, options] = before.split(/ +/);
    const [fsType, source, superOptions = ''] = after.split(' ');
    if (!device || !root || !mountPoint || !fsType || source === undefined) continue;
    if (fsType === 'autofs') idleLimits.set(id, idleLimitOf(superOptions));
    const readOnly = [options, superOptions].some((list) => list?.split(',').includes('ro'));
    const mount = {
      mountPoint: unescapeMount(mountPoint),
      source: unescapeMount(source),
      fsType,
      device,
      root: unescapeMount(root),
      readOnly,
      idleLimitMs: null,
    };
    found.push({ mount, parent });
  }
  return found.map(({ mount, parent }) => ({ ...mount, idleLimitMs: idleLimits.get(parent) || null }));
}

/** 0: never. */
const idleLimitOf = (options: string) => Number(/(?:^|,)timeout=(\d+)/.exec(options)?.[1] ?? 0) * 1000;

function isShown(mount: Mount): boolean {
  const { fsType, mountPoint } = mount;
  if (fsType === 'tmpfs') return mountPoint === '/tmp' || mountPoint === '/';
  if (LAYERS.test(fsType)) return mountPoint === '/';
  return !NO_FILESYSTEM.test(fsType) && !IMAGE.test(fsType);
}

/** Whether the file system lies on other machines. */
export const isOnNetwork = (mount: Mount) => NETWORK_TYPES.test(mount.fsType);

/**
 * The file systems that people ask about, each once: of several mounts of one device the one at `/`, then the one of
 * its whole tree, then the shortest path. The last mount on a path hides the earlier ones. `isFile`: a single file that
 * is mounted stands for no file system. `leftOut`: how many there are beyond those that fit.
 */
export function chooseMounts(
  mounts: readonly Mount[],
  isFile: (mountPoint: string) => boolean = () => false,
): { chosen: Mount[]; leftOut: number } {
  const visible = new Map(mounts.map((mount) => [mount.mountPoint, mount]));
  const byDevice = new Map<string, Mount>();
  for (const mount of visible.values()) {
    if (!isShown(mount) || isFile(mount.mountPoint)) continue;
    const key = mount.fsType === 'zfs' ? `zfs ${mount.source}` : mount.device;
    const other = byDevice.get(key);
    if (!other || isBetter(mount, other)) byDevice.set(key, mount);
  }
  // Anybody may mount FUSE: those never crowd out the others.
  const inOrder = [...byDevice.values()].sort(
    (a, b) => Number(isUsersOwn(a)) - Number(isUsersOwn(b)) || byPath(a, b),
  );
  return {
    chosen: inOrder.slice(0, MAX_FILESYSTEMS).sort(byPath),
    leftOut: Math.max(0, inOrder.length - MAX_FILESYSTEMS),
  };
}

const byPath = (a: Mount, b: Mount) => (a.mountPoint < b.mountPoint ? -1 : 1);

const isUsersOwn = ({ fsType }: Mount) => fsType === 'fuse' || fsType.startsWith('fuse.');

/** A root that is a subvolume of btrfs is no whole tree, and yet what everybody calls the disk. */
function isBetter(mount: Mount, other: Mount): boolean {
  const order =
    Number(mount.mountPoint === '/') - Number(other.mountPoint === '/') ||
    Number(mount.root === '/') - Number(other.root === '/');
  return order !== 0 ? order > 0 : mount.mountPoint.length < other.mountPoint.length;
}
