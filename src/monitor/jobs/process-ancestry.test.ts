import { describe, expect, it } from 'vitest';
import { createTrackedNode, OWN_PID } from '../../../test/support/tracked-node.ts';

const slurm = (id: number) => `0::/system.slice/slurmstepd.scope/job_${id}/step_0/user/task_0\n`;

describe('what stands above a process', () => {
  const id = 'c0de'.repeat(16);

  it('tells sessions apart, which outlive the process they began with', () => {
    const node = createTrackedNode();
    node.put(50, { uid: 0, name: 'sshd', groups: '0::/system.slice/ssh.service\n' });
    node.put(51, { parent: 50, name: 'sshd', groups: '0::/system.slice/ssh.service\n' });
    node.put(52, { parent: 51, name: 'bash', groups: '0::/system.slice/ssh.service\n' });
    node.put(53, { parent: 52, groups: '0::/system.slice/ssh.service\n' });
    node.put(54, { parent: 52, uid: 1009 });
    node.put(56, { parent: 50, uid: 0, name: 'bash', groups: '0::/system.slice/ssh.service\n' });
    node.put(57, { parent: 56, uid: 0, groups: '0::/system.slice/ssh.service\n' });
    node.scan();
    expect(node.tracker.jobOf(57)).toBe('session:56-56');
    expect([50, 52, 53, 54].map(node.tracker.jobOf)).toEqual([
      'systemd:ssh.service',
      'session:52-52',
      'session:52-52',
      'session:54-54',
    ]);
    node.end(52);
    node.put(55, { parent: 53, groups: '0::/system.slice/ssh.service\n' });
    for (let scan = 0; scan < 3; scan++) node.scan(70_000);
    expect(node.tracker.jobOf(53)).toBe('session:52-52');
  });

  it('tells tmux and screen by their servers, and names them', () => {
    const node = createTrackedNode();
    node.put(60, { name: 'tmux: server', words: 'tmux\0new-session\0-d\0-s\0train\0' });
    node.put(61, {
      name: 'bash',
      parent: 60,
      groups:
        '0::/user.slice/user-1000.slice/user@1000.service/tmux-spawn-0f9e8d7c-1234-5678-9abc-def012345678.scope\n',
    });
    node.put(62, { parent: 61 });
    node.put(65, { name: 'tmux: server', parent: 60 });
    node.put(63, { name: 'screen', words: 'SCREEN\0-dmS\0night\0' });
    node.put(64, { parent: 63 });
    node.scan();
    expect([60, 61, 62, 65, 63, 64].map(node.tracker.jobOf)).toEqual([
      'tmux:60-60',
      'tmux:60-60',
      'tmux:60-60',
      'tmux:60-60',
      'screen:63-63',
      'screen:63-63',
    ]);
    expect(node.tracker.facts('tmux:60-60')).toMatchObject({ name: 'train', user: 'u1000' });
    expect(node.tracker.facts('screen:63-63')).toMatchObject({ name: 'night' });
  });

  it('tells a container without groups of its own by its conmon', () => {
    const node = createTrackedNode();
    node.put(70, {
      name: 'conmon',
      words: `/usr/bin/conmon\0--api-version\x001\0-c\0${id}\0-u\0${id}\0-n\0web\0`,
    });
    node.put(71, { parent: 70, uid: 100_999, name: 'nginx' });
    node.put(72, { parent: 71, uid: 100_999 });
    const other = 'beef'.repeat(16);
    node.put(73, {
      parent: 74,
      groups: `0::/libpod_parent/libpod-${other}\n`,
    });
    node.put(74, { name: 'conmon', uid: 0, words: `conmon\0-c\0${other}\0-n\0root's\0` });
    node.scan();
    expect(node.tracker.facts(`podman:${other}`)).toMatchObject({ name: "root's", user: 'u0' });
    expect(node.tracker.jobOf(72)).toBe(`podman:${id}`);
    expect(node.tracker.facts(`podman:${id}`)).toMatchObject({ name: 'web', user: 'u1000' });
    expect(node.tracker.jobOf(70)).toBe('session:70-70');
    node.put(75, { name: 'conmon', uid: 1666, words: `conmon\0-c\0${id}\0` });
    node.put(76, { parent: 75, uid: 1666 });
    node.scan();
    expect(node.tracker.jobOf(76)).toBe(`podman:${id}@1666`);
    expect(node.tracker.table([])).toContainEqual(
      expect.objectContaining({ key: `podman:${id}`, processCount: 2 }),
    );
  });

  it('believes root’s slurmstepd where there are no groups or only a SLUID, and nobody else’s', () => {
    const node = createTrackedNode();
    const words = 'slurmstepd: [4711.batch]\0';
    node.put(80, { name: 'slurmstepd', uid: 0, words, groups: '0::/system.slice/slurmd.service\n' });
    node.put(81, { parent: 80, groups: '0::/system.slice/slurmd.service\n' });
    node.put(82, { parent: 80, groups: '0::/system.slice/slurmstepd.scope/sABCDEF1234500/step_0\n' });
    node.put(83, { name: 'slurmstepd', uid: 1000, words });
    node.put(84, { parent: 83 });
    node.scan();
    expect([81, 82].map(node.tracker.jobOf)).toEqual(['slurm:4711', 'slurm:4711']);
    expect(node.tracker.jobOf(84)).toMatch(/^session:/);
  });

  it('tells apart what a scheduler without groups of its own starts for different users', () => {
    const node = createTrackedNode();
    const groups = '7:memory:/system.slice/sgeexecd.service\n1:name=systemd:/system.slice/sgeexecd.service\n';
    node.put(85, { groups, uid: 0, name: 'sge_execd' });
    node.put(86, { parent: 85, groups, uid: 0, name: 'sge_shepherd' });
    node.put(87, { parent: 86, groups, uid: 1001, name: 'bash' });
    node.put(88, { parent: 87, groups, uid: 1001 });
    node.put(89, { parent: 86, groups, uid: 1002 });
    node.scan();
    expect([86, 87, 88, 89].map(node.tracker.jobOf)).toEqual([
      'systemd:sgeexecd.service',
      'session:87-87',
      'session:87-87',
      'session:89-89',
    ]);
  });

  it('tells the kernel’s own threads from jobs, and survives a circle', () => {
    const node = createTrackedNode();
    node.put(2, { parent: 0, uid: 0, name: 'kthreadd' });
    node.put(90, { parent: 2, uid: 0, name: 'kworker' });
    node.put(91, { parent: 92 });
    node.put(92, { parent: 91 });
    node.scan();
    expect([2, 90].map(node.tracker.jobOf)).toEqual([null, null]);
    expect(node.tracker.jobOf(91)).toMatch(/^session:/);
  });

  it('tells Flux’ jobs by their shells, whoever’s systemd runs them, and Grid Engine’s by numbered shepherds', () => {
    const node = createTrackedNode();
    const unit = '0::/user.slice/user-995.slice/user@995.service/imp-shell-0-x.service\n';
    node.put(30, { uid: 0, name: 'flux-imp', groups: unit });
    node.put(31, { parent: 30, name: 'flux-shell', words: 'flux-shell\x001234567890\0', groups: unit });
    node.put(32, { parent: 31, groups: unit });
    node.put(33, { parent: 30, uid: 1001, groups: unit });
    node.put(34, { name: 'flux-shell', words: '/usr/libexec/flux/flux-shell\0--reconnect\0ƒ2abC\0' });
    node.put(35, { parent: 34, groups: '0::/system.slice/flux.service\n' });
    node.put(36, { parent: 34, uid: 1001 });
    const groups = '0::/system.slice/gridengine-exec.service\n';
    node.put(37, { uid: 0, name: 'sge_shepherd-47', words: 'sge_shepherd-4711\0-bg\0', groups });
    node.put(38, { parent: 37, groups });
    node.put(39, { name: 'sge_shepherd-1', words: 'sge_shepherd-1\0' });
    node.put(40, { parent: 39 });
    node.scan();
    expect(node.tracker.jobOf(32)).toBe('flux:f2t6V2H');
    expect(node.tracker.jobOf(31)).toBe('flux:f2t6V2H');
    expect(node.tracker.jobOf(33)).toBe('systemd:995/imp-shell-0-x.service');
    expect(node.tracker.jobOf(35)).toBe('flux:f2abC');
    expect(node.tracker.jobOf(36)).toMatch(/^session:/);
    expect([37, 38].map(node.tracker.jobOf)).toEqual(['systemd:gridengine-exec.service', 'sge:4711']);
    expect(node.tracker.jobOf(40)).toMatch(/^session:/);
  });

  it.each([
    'gridengine-exec',
    'sgeexecd.p6444',
    'slurmd',
    'gpu-7_slurmd',
    'pbs',
    'oar-node',
    'condor',
    'flux',
    'torque-mom',
    'lsfd',
  ])('never gives the daemon of %s another user’s process', (unit) => {
    const node = createTrackedNode();
    const groups = `0::/system.slice/${unit}.service\n`;
    node.put(50, { uid: 0, name: 'daemon', groups });
    node.put(51, { parent: 50, uid: 1001, groups });
    node.put(52, { parent: 50, uid: 1002, groups });
    node.scan();
    expect([50, 51, 52].map(node.tracker.jobOf)).toEqual([
      `systemd:${unit}.service`,
      'session:51-51',
      'session:52-52',
    ]);
  });

  it('leaves out the monitor and what it started', () => {
    const node = createTrackedNode();
    node.put(OWN_PID, { name: 'node', groups: slurm(7) });
    node.put(20, { parent: OWN_PID, name: 'node', groups: slurm(7) });
    node.put(21, { parent: 20, name: 'nvidia-smi', groups: slurm(7) });
    node.put(22, { parent: 8, groups: slurm(7) });
    node.scan();
    expect([OWN_PID, 20, 21, 22].map(node.tracker.jobOf)).toEqual([null, null, null, 'slurm:7']);
    expect(node.tracker.table([OWN_PID, 20])).toMatchObject([{ key: 'slurm:7', processCount: 1 }]);
  });

  it('adds the host to a slot’s name', () => {
    const node = createTrackedNode();
    node.put(95, { groups: '4:memory:/htcondor/condor_var_lib_condor_execute_slot1\n' });
    node.scan();
    expect(node.tracker.jobOf(95)).toBe('htcondor:slot1@gpu-7');
  });
});
