import { cutText } from '../../lib/cut-text.ts';
import type { FilesystemSample } from '../../protocol/sample.ts';
import type { FilesystemSpace, System } from '../system.ts';
import { chooseMounts, isOnNetwork, type Mount, parseMounts } from './mounts.ts';

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
  if (isOnNetwork(mount)) return 'network';
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
  answeredAtMs: number | null;
  /** A single file is mounted there, as container engines do with /etc/hosts; null where that is not known yet. */
  isFile: boolean | null;
}

/** Space changes slowly, and every question wakes a thread. */
const LOOK_EVERY_MS = 5_000;
const UNWATCHED_LOOK_EVERY_MS = 30_000;
const SLOW_ANSWER_MS = 2_000;
/**
 * Being asked counts as use: a mount that goes when nobody uses it is asked so seldom that it can go in between, at most
 * once in three times the limit of its automounter.
 */
const AUTOMOUNT_LOOK_EVERY_MS = 1_800_000;
const AUTOMOUNT_LIMITS = 3;

const lookEveryMs = ({ idleLimitMs }: Mount) =>
  idleLimitMs === null ? 0 : Math.max(AUTOMOUNT_LOOK_EVERY_MS, AUTOMOUNT_LIMITS * idleLimitMs);

export interface FilesystemCollector {
  collect(watched: boolean): FilesystemSample[];
  /** What a person should know of the last rows; null for nothing. */
  note(): string | null;
}

/**
 * Asks every file system in a thread of libuv's pool, never twice at once: a dead server keeps its
 * thread for ever, and is reported while the others go on. `main.ts` makes the pool large enough.
 */
export function createFilesystemCollector(system: System): FilesystemCollector {
  let probes = new Map<string, Probe>();
  /** Mount points that turned out to be files. */
  const files = new Set<string>();
  let mountsText = '';
  /** Another choice among the same mounts may be better. */
  let isStale = true;
  let leftOut = 0;
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  function refreshMounts(): void {
    const text = system.readText('/proc/self/mountinfo');
    if (text === mountsText && !isStale) return;
    if (text !== mountsText) files.clear();
    mountsText = text;
    isStale = false;
    const choice = chooseMounts(parseMounts(text), (path) => files.has(path));
    leftOut = choice.leftOut;
    const before = probes;
    probes = new Map(
      choice.chosen.map((mount) => [mount.mountPoint, probeOf(mount, before.get(mount.mountPoint))]),
    );
  }

  /** One question at a time for each place: what hangs there keeps its thread, whatever is mounted over it. */
  function probeOf(mount: Mount, known: Probe | undefined): Probe {
    if (known && isSame(known.mount, mount)) return Object.assign(known, { mount });
    const fresh = {
      mount,
      kind: kindOf(system, mount),
      space: null,
      error: null,
      answeredAtMs: null,
      isFile: mount.root === '/' ? false : null,
    };
    return known ? Object.assign(known, fresh) : { ...fresh, askedAtMs: null };
  }

  function ask(probe: Probe, nowMs: number): void {
    if (probe.askedAtMs !== null) return;
    if (probe.answeredAtMs !== null && nowMs - probe.answeredAtMs < lookEveryMs(probe.mount)) return;
    const asked = probe.mount;
    probe.askedAtMs = nowMs;
    const take = (answer: Pick<Probe, 'space' | 'error'>) => {
      probe.askedAtMs = null;
      if (isSame(asked, probe.mount)) Object.assign(probe, answer, { answeredAtMs: system.monotonicMs() });
    };
    answerOf(probe).then(
      (space) => take({ space, error: null }),
      (error: Error) => take({ space: null, error: error.message }),
    );
  }

  async function answerOf(probe: Probe): Promise<FilesystemSpace | null> {
    const { mountPoint } = probe.mount;
    probe.isFile ??= await system.isFile(mountPoint);
    if (!probe.isFile) return system.filesystemSpace(mountPoint);
    noteFile(mountPoint);
    return null;
  }

  /** Another mount of its file system may be better; it is looked for with the next sample. */
  function noteFile(mountPoint: string): void {
    files.add(mountPoint);
    isStale = true;
    lookedAtMs = Number.NEGATIVE_INFINITY;
  }

  return {
    collect(watched) {
      const nowMs = system.monotonicMs();
      if (nowMs - lookedAtMs >= (watched ? LOOK_EVERY_MS : UNWATCHED_LOOK_EVERY_MS)) {
        lookedAtMs = nowMs;
        refreshMounts();
        for (const probe of probes.values()) ask(probe, nowMs);
      }
      const shown = [...probes.values()].filter((probe) => !isNothing(probe, nowMs));
      return shown.map((probe) => filesystemSample(probe, nowMs));
    },
    note: () => (leftOut === 0 ? null : `${leftOut} more file systems are left out`),
  };
}

const isSame = (one: Mount, other: Mount) =>
  one.device === other.device && one.source === other.source && one.root === other.root;

const waitedMsOf = ({ askedAtMs }: Probe, nowMs: number) => (askedAtMs === null ? 0 : nowMs - askedAtMs);

/**
 * A kernel that may not ask on behalf of another user says 0 of 0, and so does what is no file system; `df` leaves both
 * out. A file is no file system either, nor is what may be one for the moment that it takes to find out.
 */
function isNothing(probe: Probe, nowMs: number): boolean {
  if (probe.isFile === null) return probe.error === null && waitedMsOf(probe, nowMs) <= SLOW_ANSWER_MS;
  return probe.isFile || probe.space?.totalBytes === 0;
}

/** A user can mount 4 KB of control characters, each of which takes six in JSON. */
const MAX_PATH_LENGTH = 512;
const MAX_TYPE_LENGTH = 64;
/** Beyond this the kernel's word means that there is no end, or is none. */
const LARGEST_BYTES = 2 ** 80;

/** A number that cannot be is none. */
const sane = (bytes: number, most: number) => (bytes >= 0 && bytes <= most ? bytes : null);

function filesystemSample(probe: Probe, nowMs: number): FilesystemSample {
  const { mount, kind, answeredAtMs } = probe;
  const waitedMs = waitedMsOf(probe, nowMs);
  const hangs = waitedMs > SLOW_ANSWER_MS;
  const space = hangs ? null : probe.space;
  const error = hangs ? `has not answered for ${Math.round(waitedMs / 1000)} s` : probe.error;
  const total = space && sane(space.totalBytes, LARGEST_BYTES);
  return {
    mountPoint: cutText(mount.mountPoint, MAX_PATH_LENGTH),
    source: cutText(mount.source, MAX_PATH_LENGTH),
    fsType: cutText(mount.fsType, MAX_TYPE_LENGTH),
    kind,
    totalBytes: total,
    usedBytes:
      space && total === null ? null : space && sane(space.totalBytes - space.freeBytes, LARGEST_BYTES),
    availableBytes: space && sane(space.availableBytes, LARGEST_BYTES),
    readOnly: mount.readOnly,
    ...(mount.idleLimitMs === null || space === null || answeredAtMs === null
      ? {}
      : { ageMs: Math.round(nowMs - answeredAtMs) }),
    ...(error === null ? {} : { error }),
  };
}
