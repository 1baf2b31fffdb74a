import { existsSync } from 'node:fs';
import { writeNodeFile } from './accounts.ts';
import type { Fleet } from './fleet.ts';

/** Debian's Grid Engine (Son of Grid Engine 8.1.9) on one node of the fleet, which is master and execution host. */
export interface GridEngineCluster {
  /** Submits as a user of the nodes and gives the job's id. */
  submit(user: string, options: string, script: string): Promise<string>;
  stop(): Promise<void>;
}

export const gridEngineIsMissing: string | null =
  [
    '/usr/sbin/sge_qmaster',
    '/usr/sbin/sge_execd',
    '/usr/bin/qsub',
    '/usr/share/gridengine/scripts/init_cluster',
  ].find((file) => !existsSync(file)) ?? null;

const ENVIRONMENT =
  'export SGE_ROOT=/var/lib/gridengine SGE_CELL=default SGE_QMASTER_PORT=6444 SGE_EXECD_PORT=6445;';

const none = (names: string) => names.split(' ').map((name) => `${name} NONE`);
const hostOf = (name: string) =>
  [
    `hostname ${name}`,
    ...none(
      'load_scaling complex_values user_lists xuser_lists projects xprojects usage_scaling report_variables',
    ),
    '',
  ].join('\n');
const limits = 'rt cpu fsize data stack core rss vmem'
  .split(' ')
  .flatMap((name) => [`s_${name} INFINITY`, `h_${name} INFINITY`]);
const queueOf = (name: string) =>
  [
    'qname all.q',
    `hostlist ${name}`,
    'seq_no 0',
    ...none('load_thresholds suspend_thresholds'),
    'nsuspend 1',
    'suspend_interval 00:05:00',
    'priority 0',
    'min_cpu_interval 00:05:00',
    'processors UNDEFINED',
    'qtype BATCH INTERACTIVE',
    ...none('ckpt_list pe_list'),
    'rerun FALSE',
    'slots 8',
    'tmpdir /tmp',
    'shell /bin/sh',
    ...none('prolog epilog'),
    'shell_start_mode posix_compliant',
    ...none('starter_method suspend_method resume_method terminate_method'),
    'notify 00:00:60',
    ...none('owner_list user_lists xuser_lists subordinate_list complex_values projects xprojects calendar'),
    'initial_state default',
    ...limits,
    '',
  ].join('\n');

/** A script runs for half a minute at most, and a daemon may need longer: it is asked again. */
async function untilSucceeds(
  exec: (script: string) => Promise<string>,
  script: string,
  limitMs: number,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const said = await exec(
      `for i in $(seq 50); do ${script} > /dev/null 2>&1 && { echo yes; exit 0; }; sleep 0.2; done
      tail -5 /run/ge.log /var/spool/gridengine/*/messages /var/spool/gridengine/*/*/messages 2> /dev/null; exit 0`,
    );
    if (said.trim() === 'yes') return;
    if (performance.now() > endMs) throw new Error(`Grid Engine does not start: ${script}: ${said}`);
  }
}

/** Nothing of it may run on the node before. */
export async function startGridEngine(fleet: Fleet, node: number): Promise<GridEngineCluster> {
  const name = `n${node}`;
  writeNodeFile(node, '/run/ge-host', hostOf(name));
  writeNodeFile(node, '/run/ge-queue', queueOf(name));
  const exec = (script: string) => fleet.exec(node, `${ENVIRONMENT} ${script}`);
  // It wants every host to have an address that is not the loop's.
  await exec(
    `sed '/127.*${name}/d' /etc/hosts > /run/hosts; printf '${fleet.address(node)} ${name}\\n' >> /run/hosts; cat /run/hosts > /etc/hosts
    rm -rf $SGE_ROOT/$SGE_CELL /var/spool/gridengine/spooldb; mkdir -p $SGE_ROOT/$SGE_CELL/common /var/spool/gridengine/spooldb /var/spool/gridengine/qmaster/job_scripts
    install -m644 /usr/share/gridengine/default-bootstrap $SGE_ROOT/$SGE_CELL/common/bootstrap
    chown -R sgeadmin:sgeadmin $SGE_ROOT /var/spool/gridengine
    setpriv --reuid=sgeadmin --regid=sgeadmin --clear-groups \\
      /usr/share/gridengine/scripts/init_cluster $SGE_ROOT $SGE_CELL /var/spool/gridengine/spooldb sgeadmin > /run/ge.log 2>&1
    echo ${name} > $SGE_ROOT/$SGE_CELL/common/act_qmaster; chown -R sgeadmin:sgeadmin $SGE_ROOT /var/spool/gridengine`,
  );
  await exec('/usr/sbin/sge_qmaster >> /run/ge.log 2>&1 < /dev/null');
  await untilSucceeds(exec, 'qconf -sconf', 60_000);
  for (const words of [`-ah ${name}`, `-as ${name}`, '-Ae /run/ge-host', '-Aq /run/ge-queue'])
    await exec(`qconf ${words} >> /run/ge.log 2>&1 || :`);
  await exec('/usr/sbin/sge_execd >> /run/ge.log 2>&1 < /dev/null');
  // The queue has the machine's architecture once the daemon has reported.
  await untilSucceeds(exec, "qstat -f | grep -q 'all.q.* l[xi]'", 120_000);
  return {
    async submit(user, options, script) {
      const asUser = `setpriv --reuid=${user} --regid=$(id -g ${user}) --init-groups`;
      const words = `qsub -terse -cwd -o /dev/null -e /dev/null -b y -shell y ${options} '${script}'`;
      const said = await fleet.exec(node, `${ENVIRONMENT} cd /tmp; ${asUser} ${words}`);
      return said.trim().split('.', 1)[0] ?? '';
    },
    async stop() {
      await fleet.exec(
        node,
        `${ENVIRONMENT} qdel -u '*' > /dev/null 2>&1
        for i in $(seq 100); do pgrep sge_shepherd > /dev/null || break; sleep 0.1; done
        pkill -x sge_execd; pkill -x sge_qmaster; sleep 0.5; pkill -9 -x sge_execd; pkill -9 -x sge_qmaster; :`,
      );
    },
  };
}
