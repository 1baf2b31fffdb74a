import { existsSync, readFileSync } from 'node:fs';
import { writeNodeFile } from './accounts.ts';
import type { Fleet } from './fleet.ts';

/** Debian's Slurm on the fleet's first three nodes: slurmctld on n1, slurmd on all. */
export interface SlurmCluster {
  /** Submits as a user of the nodes and gives the job's id. */
  submit(user: string, options: string, script: string): Promise<string>;
  stop(): Promise<void>;
}

const NODES = [1, 2, 3];

/** Its cgroup plugin for v2 needs systemd, which the nodes have not. */
export const slurmIsMissing: string | null = !existsSync('/usr/sbin/slurmctld')
  ? 'slurmctld is not here'
  : !readFileSync('/proc/self/cgroup', 'utf8').includes(':freezer:')
    ? 'there are no control groups of version 1 here'
    : null;

const configOf = (fleet: Fleet) =>
  [
    'ClusterName=fleet',
    `SlurmctldHost=n1(${fleet.address(1)})`,
    'SlurmUser=root',
    'AuthType=auth/munge',
    'StateSaveLocation=/var/spool/slurmctld',
    'SlurmdSpoolDir=/var/spool/slurmd',
    'SlurmctldPidFile=/run/slurmctld.pid',
    'SlurmdPidFile=/run/slurmd.pid',
    'SlurmctldLogFile=/var/log/slurmctld.log',
    'SlurmdLogFile=/var/log/slurmd.log',
    'ProctrackType=proctrack/cgroup',
    'TaskPlugin=task/cgroup',
    'JobAcctGatherType=jobacct_gather/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core',
    'ReturnToService=2',
    'MpiDefault=none',
    'GresTypes=gpu',
    ...NODES.map(
      (node) => `NodeName=n${node} NodeAddr=${fleet.address(node)} CPUs=1 Gres=gpu:2 State=UNKNOWN`,
    ),
    // One core carries several jobs, and their GPUs are their own all the same.
    'PartitionName=all Nodes=n[1-3] Default=YES MaxTime=60 State=UP OverSubscribe=FORCE:8',
    '',
  ].join('\n');

/** Any file is a GPU to Slurm. */
const GRES = 'Name=gpu File=/srv/gpu[0-1]\n';
const CGROUPS = 'CgroupPlugin=cgroup/v1\nCgroupMountpoint=/sys/fs/cgroup\nConstrainRAMSpace=yes\n';

export async function startSlurm(fleet: Fleet): Promise<SlurmCluster> {
  const hosts = NODES.map((node) => `${fleet.address(node)} n${node}`).join('\\n');
  await Promise.all(
    NODES.map(async (node) => {
      writeNodeFile(node, '/etc/slurm/slurm.conf', configOf(fleet));
      writeNodeFile(node, '/etc/slurm/cgroup.conf', CGROUPS);
      writeNodeFile(node, '/etc/slurm/gres.conf', GRES);
      await fleet.exec(
        node,
        `mkdir -p /var/spool/slurmctld /var/spool/slurmd /srv; touch /srv/gpu0 /srv/gpu1; printf '${hosts}\\n' >> /etc/hosts
        install -d -o munge -g munge -m755 /run/munge; chown -R munge:munge /etc/munge /var/lib/munge /var/log/munge
        setpriv --reuid=munge --regid=munge --clear-groups /usr/sbin/munged > /dev/null 2>&1`,
      );
    }),
  );
  await fleet.exec(1, 'slurmctld > /dev/null 2>&1');
  await Promise.all(NODES.map((node) => fleet.exec(node, `slurmd -N n${node} > /dev/null 2>&1`)));
  const isIdle = `for i in $(seq 200); do [ "$(sinfo -h -N -o %T | sort -u)" = idle ] && exit 0; sleep 0.1; done
    sinfo -N >&2; tail -3 /var/log/slurmctld.log /var/log/slurmd.log >&2; exit 1`;
  await fleet.exec(1, isIdle);
  return {
    async submit(user, options, script) {
      const asUser = `setpriv --reuid=${user} --regid=$(id -g ${user}) --init-groups`;
      const words = `sbatch --parsable -D /tmp -o /dev/null ${options} --wrap '${script}'`;
      return (await fleet.exec(1, `${asUser} ${words}`)).trim();
    },
    async stop() {
      await fleet.exec(
        1,
        'scancel --state=RUNNING || :; scancel --state=PENDING || :; for i in $(seq 50); do [ -n "$(squeue -h)" ] || break; sleep 0.1; done',
      );
      const pidFiles = '/run/slurmctld.pid /run/slurmd.pid /run/munge/munged.pid';
      const end = `for f in ${pidFiles}; do [ ! -e $f ] || kill "$(cat $f)"; done`;
      await Promise.all(NODES.map((node) => fleet.exec(node, end)));
    },
  };
}
