import { unescapeUnit } from './cgroup-path.ts';
import { identify, type JobIdentity } from './job-identity.ts';

/** Units of systemd, of the machine and of users. A login's scope is no job by itself. */

const NO_JOB = /^(?:session-[^/]*|init|vte-spawn-[^/]*)\.scope$/;
/** tmux puts every pane into a scope of its own where it was built with systemd. */
const TMUX_SPAWN = /^tmux-spawn-([0-9a-f-]{36})\.scope$/;
const USER_MANAGER = /^user@(\d{1,10})\.service$/;

/**
 * Services that let people in or start what people ask for: what other users run there is not the service. The daemons
 * of schedulers are named as their packages and their own installers name them.
 */
const OPEN_TO_USERS =
  /^(?:ssh|sshd|sshd?@.*|sshd?-session.*|dropbear(?:@.*)?|tinyssh.*|cron|crond|cronie|fcron|anacron|atd|(?:serial-|console-|container-)?getty(?:@.*)?|gdm.*|sddm|lightdm|xdm|display-manager|xrdp.*|(?:.+[_-])?slurm(?:d|stepd)(?:@.*)?|pbs.*|torque.*|lsf.*|(?:ht)?condor.*|(?:sge|uge|ocs).*|grid-?engine.*|oar.*|flux(?:-.*)?)\.service$/;

/** Whether it starts what other users ask for, so that their processes are not the service's. */
export const isOpenToUsers = (unit: string) => OPEN_TO_USERS.test(unit);

/** A user's unit has the user's number in its id: two users may have a `jupyter.service` each. */
export function findUnit(segments: readonly string[]): JobIdentity | null {
  let uid: number | null = null;
  for (const segment of segments) {
    if (!/\.(?:service|scope)$/.test(segment)) continue;
    const manager = USER_MANAGER.exec(segment)?.[1];
    if (manager !== undefined) {
      uid = Number(manager);
      continue;
    }
    if (NO_JOB.test(segment)) return null;
    const pane = TMUX_SPAWN.exec(segment)?.[1];
    if (pane !== undefined) return identify('tmux', pane, { uid });
    const name = unescapeUnit(segment);
    return identify('systemd', uid === null ? name : `${uid}/${name}`, { name, uid });
  }
  return null;
}
