import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixturesFolder } from '../../../test/fixtures.ts';
import { keyOf } from './job-identity.ts';
import { parseCgroup } from './parse-cgroup.ts';

const HEX = '0123456789abcdef'.repeat(4);
const OTHER = 'fedcba9876543210'.repeat(4);
const UID = '0f9e8d7c-1234-5678-9abc-def012345678';
const UNDERSCORED = UID.replaceAll('-', '_');

const keyIn = (text: string) => {
  const found = parseCgroup(text);
  return found === null ? null : keyOf(found);
};
const v2 = (path: string) => keyIn(`0::${path}\n`);

describe('jobs of schedulers', () => {
  it.each([
    ['/system.slice/slurmstepd.scope/job_4711/step_batch/user/task_0', 'slurm:4711'],
    ['/system.slice/gpu-7_slurmstepd.scope/job_4711/step_0/slurm', 'slurm:4711'],
    ['/slurm/uid_1000/job_4711/step_extern', 'slurm:4711'],
    ['/slurm_gpu-7/uid_0/job_4711/step_0/task_3', 'slurm:4711'],
    ['/../../slurm_gpu-7/uid_1000/job_4711/step_0', 'slurm:4711'],
    ['/system.slice/slurmstepd.scope/sABCDEF1234500/step_0/user/task_0', 'slurm:sABCDEF1234500'],
    ['/system.slice/slurmstepd.scope/system', 'systemd:slurmstepd.scope'],
    [
      `/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/cri-containerd-${HEX}.scope/slurm/uid_7/job_9/step_0`,
      'slurm:9',
    ],
    [`/system.slice/slurmstepd.scope/job_12/step_0/user/task_0/docker/${HEX}`, 'slurm:12'],
    ['/pbspro.service/jobid/815.pbs-server', 'pbs:815'],
    ['/pbs_jobs.service/jobid/815[7].pbs.example.org', 'pbs:815[7]'],
    ['/pbs_jobs.service/jobs/815.pbs', 'pbs:815'],
    ['/pbspro/815.pbs', 'pbs:815'],
    ['/pbspro.slice/pbspro-815.pbs\\x2dserver.slice', 'pbs:815'],
    ['/pbs.slice/pbs-815.pbs\\x2dserver.slice', 'pbs:815'],
    ['/pbs_jobs.slice/pbs_jobs-815\\x5b7\\x5d.head.slice', 'pbs:815[7]'],
    ['/pbs.slice/pbs-tools.slice/web.service', 'systemd:web.service'],
    ['/oar/ann_b_4711', 'oar:4711'],
    ['/../oar/ann_4711', 'oar:4711'],
    ['/oar.slice/oar-u2001.slice/oar-u2001-j4711.slice/oar-u2001.scope', 'oar:4711'],
    ['/grid.slice/grid-u2001.slice/grid-u2001-j4711.slice', 'oar:4711'],
    ['/oar.slice/oar-u2001.slice/oar-u2001.scope', 'systemd:oar-u2001.scope'],
    ['/other.slice/oar-u2001-j4711.slice/x.scope', 'systemd:x.scope'],
    ['/torque/233.head.example.org/R0.t0', 'torque:233'],
    ['/torque/233[4].head', 'torque:233[4]'],
    ['/lsf/cluster1/job.6001.31337.1700000000', 'lsf:6001'],
    ['/lsf/cluster1/job.6001[5].31337.1700000000', 'lsf:6001[5]'],
    ['/lsf/cluster1/job.6001.5.31337.1700000000', 'lsf:6001[5]'],
    [
      '/htcondor/condor_var_lib_condor_execute_slot1_2@gpu-7.example.org',
      'htcondor:slot1_2@gpu-7.example.org',
    ],
    ['/system.slice/condor.service/condor_scratch_slot3@gpu-7', 'htcondor:slot3@gpu-7'],
  ])('%s is %s', (path, key) => expect(v2(path)).toBe(key));

  it('know whose job it is where the path says so', () => {
    expect(parseCgroup('4:memory:/slurm/uid_1042/job_5/step_0\n')).toMatchObject({ id: '5', uid: 1042 });
    expect(parseCgroup('0::/oar.slice/oar-u7.slice/oar-u7-j5.slice/oar-u7.scope\n')?.uid).toBe(7);
    expect(parseCgroup('0::/system.slice/slurmstepd.scope/job_5/step_0\n')?.uid).toBeNull();
  });

  it('are found in any hierarchy, whatever the others say', () => {
    const lines = [
      '9:devices:/system.slice/pbs.service',
      '8:freezer:/',
      '7:cpuset:/pbspro.service/jobid/12.head',
      '1:name=systemd:/system.slice/pbs.service',
    ];
    expect(keyIn(lines.join('\n'))).toBe('pbs:12');
    expect(keyIn(lines.toReversed().join('\n'))).toBe('pbs:12');
  });

  it('are not believed where a user may make groups of any name', () => {
    const own = '/user.slice/user-1000.slice/user@1000.service/app.slice/evil.service';
    expect(v2(`${own}/slurm/uid_0/job_1/step_0`)).toBe('systemd:1000/evil.service');
    expect(v2(`${own}/slurmstepd.scope/job_1`)).toBe('systemd:1000/evil.service');
    expect(v2(`${own}/kubepods/pod${UID}`)).toBe('systemd:1000/evil.service');
    expect(v2(`${own}/oar-u0.slice/oar-u0-j1.slice`)).toBe('systemd:1000/evil.service');
    expect(v2(`${own}/oar/root_1`)).toBe('systemd:1000/evil.service');
  });
});

describe('containers', () => {
  it.each([
    [`/docker/${HEX}`, `docker:${HEX}`],
    [`/docker/${HEX}/docker/${OTHER}`, `docker:${HEX}`],
    [`/system.slice/docker-${HEX}.scope`, `docker:${HEX}`],
    [`/../../docker-${HEX}.scope/init`, `docker:${HEX}`],
    [`/lab-limits/${HEX}`, `docker:${HEX}`],
    [`/${HEX}`, `docker:${HEX}`],
    [`/../${HEX}`, `docker:${HEX}`],
    [`/system.slice:docker:${HEX}`, `docker:${HEX}`],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${HEX}.scope`, `docker:${HEX}`],
    [`/machine.slice/libpod-${HEX}.scope/container`, `podman:${HEX}`],
    [`/machine.slice/machine-libpod_pod_${OTHER}.slice/libpod-${HEX}.scope`, `podman:${HEX}`],
    [`/libpod_parent/libpod-${HEX}/ctr`, `podman:${HEX}`],
    [`/libpod_parent/${OTHER}/libpod-${HEX}`, `podman:${HEX}`],
    [`/libpod_parent/${OTHER}/conmon`, null],
    [`/system.slice/web.service/libpod-payload-${HEX}`, `podman:${HEX}`],
    [
      `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${HEX}.scope/container`,
      `podman:${HEX}`,
    ],
    [`/machine.slice/libpod-conmon-${HEX}.scope`, `systemd:libpod-conmon-${HEX}.scope`],
    [`/system.slice/nerdctl-${HEX}.scope`, `containerd:${HEX}`],
    [`/default/${HEX}`, `containerd:${HEX}`],
    ['/default/my-redis', 'containerd:my-redis'],
    [`/k8s.io/${HEX}`, `containerd:${HEX}`],
    [`/ecs/0123456789abcdef0123456789abcdef/${HEX}`, `docker:${HEX}`],
    ['/garden/6f265890-5165-7fab-6b52-18d1', 'containerd:6f265890-5165-7fab-6b52-18d1'],
    ['/lxc.payload.web/system.slice/nginx.service', 'lxc:web'],
    ['/lxc/db', 'lxc:db'],
    [`/lxc.payload.web/docker/${HEX}`, `docker:${HEX}`],
    ['/lxc.payload.web/user.slice/user-1000.slice/user@1000.service/app.slice/jupyter.service', 'lxc:web'],
    [
      `/lxc.payload.web/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${HEX}.scope`,
      `podman:${HEX}`,
    ],
    [`/docker/${HEX}/user.slice/user-1000.slice/user@1000.service/init.scope`, `docker:${HEX}`],
    ['/lxc.monitor.web', null],
    ['/docker/buildkit/abcdefghijklm', null],
    ['/docker', null],
  ])('%s is %s', (path, key) => expect(v2(path)).toBe(key));

  it('with users of their own are nobody’s of the host', () => {
    const login = 'user.slice/user-1000.slice';
    expect(parseCgroup(`0::/lxc.payload.web/${login}/session-3.scope`)).toMatchObject({
      id: 'web',
      uid: null,
    });
    expect(parseCgroup(`0::/docker/${HEX}/${login}/session-3.scope`)?.uid).toBeNull();
    expect(parseCgroup(`0::/docker/${HEX}/${login}/user@1000.service/init.scope`)?.uid).toBeNull();
  });

  it('of Podman are the user’s whose slice they are in, and root’s else', () => {
    const user = `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${HEX}.scope`;
    expect(parseCgroup(`0::${user}`)?.uid).toBe(1000);
    expect(parseCgroup(`0::/machine.slice/libpod-${HEX}.scope`)?.uid).toBe(0);
  });
});

describe('pods', () => {
  it.each([
    [`/kubepods/burstable/pod${UID}/${HEX}`, UID],
    [`/kubepods/pod${UID}/crio-${HEX}`, UID],
    [
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UNDERSCORED}.slice/cri-containerd-${HEX}.scope`,
      UID,
    ],
    [
      `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UNDERSCORED}.slice/crio-${HEX}.scope/container`,
      UID,
    ],
    [
      `/system.slice/containerd.service/kubepods-burstable-pod${UNDERSCORED}.slice:cri-containerd:${HEX}`,
      UID,
    ],
    [
      `/docker/${OTHER}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UNDERSCORED}.slice/cri-containerd-${HEX}.scope`,
      UID,
    ],
    [`/kubepods/burstable/pod${UID}/${HEX}/docker/${OTHER}`, UID],
    ['/kubepods/burstable/pod9729a196c4723b60ab401eaff722982d/x', '9729a196c4723b60ab401eaff722982d'],
    [`/../../pod${UID}/${HEX}`, UID],
  ])('%s', (path, uid) => expect(v2(path)).toBe(`kubernetes:${uid}`));
});

describe('units of systemd', () => {
  it.each([
    [
      '/system.slice/system-postgresql.slice/postgresql@15-main.service',
      'systemd:postgresql@15-main.service',
    ],
    [
      '/user.slice/user-1000.slice/user@1000.service/app.slice/jupyter.service',
      'systemd:1000/jupyter.service',
    ],
    ['/user.slice/user-1000.slice/user@1000.service/app.slice/run-u3.scope', 'systemd:1000/run-u3.scope'],
    ['/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt', 'systemd:machine-qemu-1-vm.scope'],
    ['/user.slice/user-1000.slice/session-7.scope', null],
    ['/user.slice/user-1000.slice/user@1000.service/init.scope', null],
    ['/init.scope', null],
    ['/', null],
    [
      '/user.slice/user-1000.slice/user@1000.service/tmux-spawn-0f9e8d7c-1234-5678-9abc-def012345678.scope',
      'tmux:0f9e8d7c-1234-5678-9abc-def012345678',
    ],
  ])('%s is %s', (path, key) => expect(v2(path)).toBe(key));

  it('are left as they were by a process that is dead but not reaped', () => {
    expect(v2('/system.slice/web.service (deleted)')).toBe('systemd:web.service');
    expect(v2(`/docker/${HEX} (deleted)`)).toBe(`docker:${HEX}`);
  });
});

describe('rubbish', () => {
  it('is nobody’s job', () => {
    for (const text of ['', '\n', 'other_line', '/job_5/', 'x:y:/docker/1234', '0:', '::::', '0::docker/abc'])
      expect(parseCgroup(text)).toBeNull();
  });

  const words = [
    'slurm',
    'uid_0',
    'job_1',
    'kubepods',
    'docker',
    'lxc',
    'pbspro',
    'torque',
    'lsf',
    'oar',
    'oar-u1.slice',
    'oar-u1-j2.slice',
    'user@1.service',
    'a.scope',
    HEX,
    '..',
    ':',
    '\\x2d',
    'é\u0001',
  ];
  it('never throws, and ids stay short and printable', () => {
    const path = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 400 })), {
      maxLength: 90,
    });
    const line = fc.oneof(
      path.map((parts) => `0::/${parts.join('/')}`),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 90 }), (lines) => {
        const found = parseCgroup(lines.join('\n'));
        if (found === null) return;
        expect(found.id).toMatch(/^[\x20-\x7e]{1,200}$/);
        expect((found.name ?? '').length).toBeLessThanOrEqual(200);
      }),
    );
  });
});

describe.runIf(fixturesFolder)('real captures', () => {
  it.each([
    ['sonar-1334', 'slurm:748468'],
    ['sonar-1337', 'slurm:1392969'],
    ['treydock-49276', 'slurm:4'],
    ['coroot-200', 'docker:b43d92bf1e5c6f78bb9b7bc6f40721280299855ba692092716e3a1b6c0b86f3f'],
    ['coroot-400', 'kubernetes:8712f785-1a3e-41ec-a00b-e2dcc77431cb'],
    ['coroot-2000', 'kubernetes:8833712d-6e69-4f5c-95f3-aebd020ce2e7'],
    ['coroot-3000', 'lxc:first'],
    ['coroot-900', 'systemd:python-app.service'],
    ['ddtrace-7-ecs', 'containerd:34dc0b5e626f2c5c4c5170e34b10e765-1234567890'],
    ['elastic-docker2-2233801', null],
    ['sonar-1338', null],
  ])('%s', (file, key) => {
    const text = readFileSync(join(fixturesFolder ?? '', 'linux/pid-cgroup', `${file}.txt`), 'utf8');
    expect(keyIn(text)).toBe(key);
  });
});
