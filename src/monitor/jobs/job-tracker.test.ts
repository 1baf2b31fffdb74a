import { describe, expect, it } from 'vitest';
import type { ProcessRow } from '../collectors/process-scan/known-processes.ts';
import type { System } from '../system.ts';
import type { JobNames } from './job-names.ts';
import { createJobTracker } from './job-tracker.ts';

/** A node whose processes a test moves about. */
interface Process {
  parent?: number;
  uid?: number;
  name?: string;
  start?: number;
  groups?: string;
  words?: string;
  cpu?: number | null;
}

/** The monitor's, in these tests. */
const OWN_PID = 9;

function createNode(names: JobNames | null = null) {
  const processes = new Map<number, Process & { row: ProcessRow }>();
  let nowMs = 1_000;
  const reads: string[] = [];
  const opened: string[] = [];
  const system: Partial<System> = {
    uid: 1000,
    monotonicMs: () => nowMs,
    ownerOf: (path) => processes.get(Number(path.split('/')[2]))?.uid ?? null,
    tryReadText(path) {
      reads.push(path);
      if (path === '/proc/sys/kernel/hostname') return 'gpu-7\n';
      const process = processes.get(Number(path.split('/')[2]));
      if (process === undefined) return null;
      return process.groups ?? '0::/\n';
    },
    open: (path) => opened.push(path) - 1,
    rereadOnce(descriptor) {
      const pid = Number(opened[descriptor]?.split('/')[2]);
      const buffer = Buffer.from(processes.get(pid)?.words ?? '');
      return { buffer, length: buffer.length };
    },
    close: () => undefined,
  };
  const tracker = createJobTracker(system as System, {
    pageBytes: 4096,
    startTimeMs: (ticks) => ticks * 10,
    userName: (uid) => `u${uid}`,
    names,
    ownPid: OWN_PID,
  });
  return {
    tracker,
    reads,
    put(pid: number, process: Process) {
      const { parent = 1, name = 'python', start = pid, cpu = 10 } = process;
      const stat = { state: 'R', parentPid: parent, cpuTicks: 0, startTicks: start, residentPages: 2 };
      processes.set(pid, { uid: 1000, ...process, row: { pid, name, stat, cpuPercent: cpu } });
    },
    change: (pid: number, changes: Process) => Object.assign(processes.get(pid) ?? {}, changes),
    end: (pid: number) => processes.delete(pid),
    scan(laterMs = 1_000, first: number[] = []) {
      nowMs += laterMs;
      tracker.update(new Map([...processes].map(([pid, { row }]) => [pid, row])), first);
    },
  };
}

const slurm = (id: number) => `0::/system.slice/slurmstepd.scope/job_${id}/step_0/user/task_0\n`;

describe('jobs', () => {
  it('are summed over their processes, and belong to the oldest one’s user', () => {
    const node = createNode();
    node.put(10, { groups: slurm(7), uid: 0, name: 'slurmstepd', start: 5, cpu: null });
    node.put(11, { groups: slurm(7), uid: 1001, start: 20, cpu: 90 });
    node.put(12, { groups: slurm(7), uid: 1002, start: 30, cpu: 5.55 });
    node.put(13, { groups: slurm(8), cpu: null });
    node.put(14, { uid: 1003 });
    node.scan();
    expect(node.tracker.table([])).toEqual([
      { key: 'slurm:7', processCount: 3, cpuPercent: 95.6, residentBytes: 3 * 2 * 4096 },
      { key: 'slurm:8', processCount: 1, cpuPercent: null, residentBytes: 8192 },
    ]);
    expect(node.tracker.facts('slurm:7')).toEqual({
      key: 'slurm:7',
      kind: 'slurm',
      id: '7',
      name: null,
      user: 'u1001',
      startTimeMs: 50,
    });
    expect(node.tracker.jobOf(12)).toBe('slurm:7');
  });

  it('of sessions and units are rows only where a process is shown', () => {
    const node = createNode();
    node.put(20, { groups: '0::/system.slice/web.service\n' });
    node.put(21, { uid: 1005 });
    node.scan();
    expect(node.tracker.table([])).toEqual([]);
    expect(node.tracker.table([20, 21]).map(({ key }) => key)).toEqual([
      'systemd:web.service',
      'session:21-21',
    ]);
  });

  it('end with their last process; a reused pid is another process', () => {
    const node = createNode();
    node.put(30, { groups: slurm(1) });
    node.scan();
    node.put(30, { groups: slurm(2), start: 31 });
    node.scan();
    expect(node.tracker.jobOf(30)).toBe('slurm:2');
    expect(node.tracker.facts('slurm:1')).toBeNull();
    node.end(30);
    node.scan();
    expect(node.tracker.table([])).toEqual([]);
    expect(node.tracker.jobOf(30)).toBeNull();
  });

  it('follow a process that is moved into its group after it was forked', () => {
    const node = createNode();
    node.put(40, { groups: '0::/system.slice/slurmd.service\n', uid: 0 });
    node.scan();
    expect(node.tracker.jobOf(40)).toBe('systemd:slurmd.service');
    node.change(40, { groups: slurm(3), uid: 1000 });
    node.scan(500);
    expect(node.tracker.jobOf(40)).toBe('systemd:slurmd.service');
    node.scan(2_000);
    expect(node.tracker.jobOf(40)).toBe('slurm:3');
    node.change(40, { groups: slurm(4) });
    node.scan(2_000);
    expect(node.tracker.jobOf(40)).toBe('slurm:3');
    node.scan(58_000);
    expect(node.tracker.jobOf(40)).toBe('slurm:4');
  });

  it('are looked for after two seconds and a minute, then twice as late each time, and every five minutes in the end', () => {
    const node = createNode();
    node.put(41, { groups: slurm(3) });
    node.scan();
    const looksAtS: number[] = [];
    for (let atS = 1; atS <= 1_200; atS++) {
      node.reads.length = 0;
      node.scan(1_000);
      if (node.reads.length > 0) looksAtS.push(atS);
    }
    expect(looksAtS).toEqual([2, 62, 182, 422, 722, 1_022]);
  });

  it('are read once for each process, and for so many a scan only; those on GPUs do not wait', () => {
    const node = createNode();
    node.put(1, { uid: 0, name: 'init', start: 0 });
    node.scan();
    for (let pid = 1_000; pid < 2_000; pid++) node.put(pid, { groups: slurm(5) });
    node.reads.length = 0;
    node.scan(100, [1_999]);
    expect(node.reads.length).toBeLessThan(200);
    expect(node.tracker.jobOf(1_999)).toBe('slurm:5');
    for (let scan = 0; scan < 10; scan++) node.scan(1);
    expect(node.tracker.table([])[0]?.processCount).toBe(1_000);
    expect(node.reads).toHaveLength(1_000);
  });
});

describe('what stands above a process', () => {
  const id = 'c0de'.repeat(16);

  it('tells sessions apart, which outlive the process they began with', () => {
    const node = createNode();
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
    const node = createNode();
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
    const node = createNode();
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
    const node = createNode();
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
    const node = createNode();
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
    const node = createNode();
    node.put(2, { parent: 0, uid: 0, name: 'kthreadd' });
    node.put(90, { parent: 2, uid: 0, name: 'kworker' });
    node.put(91, { parent: 92 });
    node.put(92, { parent: 91 });
    node.scan();
    expect([2, 90].map(node.tracker.jobOf)).toEqual([null, null]);
    expect(node.tracker.jobOf(91)).toMatch(/^session:/);
  });

  it('tells Flux’ jobs by their shells, whoever’s systemd runs them, and Grid Engine’s by numbered shepherds', () => {
    const node = createNode();
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
    const node = createNode();
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
    const node = createNode();
    node.put(OWN_PID, { name: 'node', groups: slurm(7) });
    node.put(20, { parent: OWN_PID, name: 'node', groups: slurm(7) });
    node.put(21, { parent: 20, name: 'nvidia-smi', groups: slurm(7) });
    node.put(22, { parent: 8, groups: slurm(7) });
    node.scan();
    expect([OWN_PID, 20, 21, 22].map(node.tracker.jobOf)).toEqual([null, null, null, 'slurm:7']);
    expect(node.tracker.table([OWN_PID, 20])).toMatchObject([{ key: 'slurm:7', processCount: 1 }]);
  });

  it('adds the host to a slot’s name', () => {
    const node = createNode();
    node.put(95, { groups: '4:memory:/htcondor/condor_var_lib_condor_execute_slot1\n' });
    node.scan();
    expect(node.tracker.jobOf(95)).toBe('htcondor:slot1@gpu-7');
  });
});

describe('names', () => {
  it('say which element of an array a number is; the key stays the number', () => {
    const names: JobNames = {
      version: 1,
      of: (_kind, id) => (id === '9' ? { id, name: 'sweep', user: 'ann', arrayId: '9_2' } : null),
      numberOf: () => null,
      want: () => undefined,
    };
    const node = createNode(names);
    node.put(10, { groups: slurm(9) });
    node.put(11, { groups: slurm(12) });
    node.scan();
    expect(node.tracker.facts('slurm:9')).toMatchObject({ key: 'slurm:9', id: '9_2', number: '9' });
    expect(node.tracker.facts('slurm:12')).not.toHaveProperty('number');
  });

  it('are taken in when they are learned, a SLUID’s number too', () => {
    const learned = new Map<string, string>();
    let wanted: readonly { id: string; isSluid: boolean }[] = [];
    let sluidOf: (pid: number) => string | null = () => null;
    const names: JobNames = {
      get version() {
        return learned.size;
      },
      of: (_kind, id) => (id === '99' && learned.has('name') ? { id, name: 'train', user: 'ann' } : null),
      numberOf: (sluid) => learned.get(sluid) ?? null,
      want(jobs, find) {
        wanted = jobs;
        sluidOf = find;
      },
    };
    const node = createNode(names);
    node.put(5, { groups: '0::/system.slice/slurmstepd.scope/sABCDEF1234500/step_0\n' });
    node.scan();
    expect(wanted).toMatchObject([{ id: 'sABCDEF1234500', isSluid: true }]);
    expect(sluidOf(5)).toBe('sABCDEF1234500');
    learned.set('sABCDEF1234500', '99');
    node.scan();
    expect(node.tracker.jobOf(5)).toBe('slurm:99');
    expect(node.tracker.facts('slurm:99')).toMatchObject({ name: null, user: 'u1000' });
    learned.set('name', '');
    node.scan();
    expect(node.tracker.facts('slurm:99')).toMatchObject({ name: 'train', user: 'ann' });
    expect(wanted).toEqual([]);
  });
});
