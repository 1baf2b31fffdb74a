/** Kinds of jobs. No zod: the monitor uses this too. */

/** Of a scheduler: one id over the whole cluster. */
export const schedulerKinds = ['slurm', 'pbs', 'torque', 'lsf', 'htcondor', 'sge', 'oar', 'flux'] as const;
export const containerKinds = ['kubernetes', 'docker', 'podman', 'containerd', 'lxc'] as const;
/** Of a node: `session` is the tree of a user's processes where nothing better is known. */
export const sessionKinds = ['systemd', 'tmux', 'screen', 'session'] as const;

export const jobKinds = [...schedulerKinds, ...containerKinds, ...sessionKinds] as const;
export type JobKind = (typeof jobKinds)[number];

/** Such a job's processes on several nodes are one job. */
export function isOfScheduler(kind: JobKind): boolean {
  return (schedulerKinds as readonly string[]).includes(kind);
}

/** A job's key within its node: `slurm:4711`. */
export const jobKey = (kind: JobKind, id: string) => `${kind}:${id}`;

interface KeyParts {
  kind: JobKind;
  id: string;
  /** As in `JobFacts`. */
  number?: string | null | undefined;
}

/**
 * Key of a job among those of all nodes, made of its kind and id alone: a node's own key may name another node's job.
 * A scheduler's job is the same on every node; of two clusters with the same number the user tells them apart. Of
 * other kinds the first `@` ends the id, because names of nodes may have one too.
 */
export function clusterJobKey(node: string, { kind, id, number }: KeyParts): string {
  return isOfScheduler(kind)
    ? jobKey(kind, number ?? id)
    : `${jobKey(kind, id.replaceAll('@', '%40'))}@${node}`;
}
