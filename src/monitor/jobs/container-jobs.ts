import type { JobKind } from '../../protocol/job-kinds.ts';
import { identify, type JobIdentity } from './job-identity.ts';

/** Containers in a path's segments: of one in another the outer one, which the host's own tools know. */

const UUID = '[0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}';
/** A pod from a file of the kubelet (a static pod) has a hash for a UID. */
const CERTAIN_POD = new RegExp(`^pod(${UUID}|[0-9a-f]{32})(?:\\.slice)?$`);
/** Both drivers: `…/kubepods/burstable/podUID/…` and `kubepods-burstable-podUID.slice`, with `_` for `-`. */
const KUBEPODS_POD = /^(?:.*kubepods.*-)?pod([0-9a-f][0-9a-f_-]{2,62})(?:\.slice)?$/;

/** The pod, also where its node is itself a container (kind) or another engine runs inside it. */
export function findPod(segments: readonly string[]): JobIdentity | null {
  let isBelowKubepods = false;
  for (const segment of segments) {
    isBelowKubepods ||= segment.includes('kubepods');
    const uid = (isBelowKubepods ? KUBEPODS_POD : CERTAIN_POD).exec(segment)?.[1];
    if (uid !== undefined) return identify('kubernetes', uid.replaceAll('_', '-'));
  }
  return null;
}

const engineOf: Record<string, JobKind> = {
  docker: 'docker',
  libpod: 'podman',
  'libpod-payload': 'podman',
  'cri-containerd': 'containerd',
  containerd: 'containerd',
  nerdctl: 'containerd',
  // CRI-O runs nothing but Kubernetes' pods; its conmon has a scope of its own, which is no container.
  crio: 'kubernetes',
};
const NAMED_BY_ENGINE = /^([a-z]+(?:-[a-z]+)*)-([0-9a-f]{12,64})(?:\.scope)?$/;
const BARE_ID = /^([0-9a-f]{64})(?:\.scope)?$/;
const SHORT_ID = /^([0-9a-f]{3,64})(?:\.scope)?$/;

/** `segments` are the parts of a control group's path, outermost first: of nested containers the outer one counts. */
export function findContainer(segments: readonly string[]): JobIdentity | null {
  for (const [at, segment] of segments.entries()) {
    const found =
      findByEngineName(segment) ?? findByFolder(segment, segments, at) ?? findByBareId(segment, segments, at);
    if (found !== null) return found;
  }
  return null;
}

/** `docker-ID.scope`, `libpod-ID.scope`, `cri-containerd-ID.scope` …, and the same without systemd. */
function findByEngineName(segment: string): JobIdentity | null {
  const [, prefix = '', id = ''] = NAMED_BY_ENGINE.exec(segment) ?? [];
  const kind = Object.hasOwn(engineOf, prefix) ? engineOf[prefix] : undefined;
  return kind === undefined ? null : identify(kind, id);
}

/** Folders of engines that manage groups themselves, each with its containers' names inside. */
function findByFolder(segment: string, segments: readonly string[], at: number): JobIdentity | null {
  const next = segments[at + 1] ?? '';
  switch (segment) {
    case 'docker':
    case 'moby':
      return idAs('docker', SHORT_ID, next);
    case 'ecs':
      return findEcsContainer(segments.slice(at + 1));
    case 'k8s.io':
      return idAs('containerd', BARE_ID, next);
    // containerd's namespace unless another is named; `ctr` lets its user choose the container's name.
    case 'default':
      return at === 0 ? idAs('containerd', /^([\w.-]{1,76})$/, next) : null;
    case 'garden':
      return idAs('containerd', /^([0-9a-f][0-9a-f-]{7,62})$/, next);
    default:
      return null;
  }
}

const idAs = (kind: JobKind, pattern: RegExp, segment: string): JobIdentity | null => {
  const id = pattern.exec(segment)?.[1];
  return id === undefined ? null : identify(kind, id);
};

/** Amazon ECS: `/ecs/TASK/ID` through Docker; `/ecs/TASK[/TASK]-NUMBER` through containerd (Fargate). */
function findEcsContainer(below: readonly string[]): JobIdentity | null {
  for (const segment of below) {
    const found =
      idAs('docker', BARE_ID, segment) ?? idAs('containerd', /^([0-9a-f]{32}-\d{1,20})$/, segment);
    if (found !== null) return found;
  }
  return null;
}

/** Below these a bare id is a step of a build, or a pod of Podman's with its containers inside. */
const NO_CONTAINERS = ['buildkit', 'libpod_parent'];

/** `docker run --cgroup-parent` leaves the bare id below a parent of any name, or below none. */
function findByBareId(segment: string, segments: readonly string[], at: number): JobIdentity | null {
  return NO_CONTAINERS.includes(segments[at - 1] ?? '') ? null : idAs('docker', BARE_ID, segment);
}

/**
 * LXC, LXD and Incus: `/lxc.payload.NAME` (`/lxc.payload/NAME`, `/lxc/NAME`). They are machines: an engine's
 * container inside says more. `lxc.monitor.NAME` is the process beside the container.
 */
export function findLxc(segments: readonly string[]): JobIdentity | null {
  for (const [at, segment] of segments.entries()) {
    const name = segment.startsWith('lxc.payload.')
      ? segment.slice('lxc.payload.'.length)
      : segment === 'lxc' || segment === 'lxc.payload'
        ? segments[at + 1]
        : undefined;
    if (name) return identify('lxc', name, { name });
  }
  return null;
}
