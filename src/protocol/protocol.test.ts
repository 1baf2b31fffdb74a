import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellCommand } from '../lib/shell-quote.ts';
import { causes, isRefusal, stages } from '../report/causes.ts';
import type { FailureDetail } from '../report/failure-detail.ts';
import { createFailure } from '../report/failures.ts';
import { noGpuFacts } from './absent.ts';
import { applyFacts, createKnownFacts } from './known-facts.ts';
import { mergeSample } from './merge-sample.ts';
import { parseMessage } from './messages.ts';
import type { Sample } from './sample.ts';

const sample = {
  type: 'sample',
  sequence: 1,
  takenAtMs: 1,
  intervalMs: 1000,
  collectors: {
    cpu: { ok: true, ms: 1 },
    memory: { ok: true, ms: 1 },
    filesystems: { ok: true, ms: 1 },
    disks: { ok: true, ms: 1 },
    network: { ok: true, ms: 1 },
    gpus: { ok: true, ms: 1 },
    processes: { ok: true, ms: 1 },
  },
  cpu: { totalPercent: 12, corePercents: [1, 2], load1: 0, load5: 0, load15: 0 },
  memory: null,
  filesystems: null,
  disks: null,
  network: null,
  gpus: { index: [0], health: ['ok'], utilizationPercent: [50] },
  gpuProcesses: { pid: [7], gpuIndex: [0], gpuMemoryBytes: [5] },
  processCount: 3,
  topProcesses: { pid: [8], cpuPercent: [150] },
};

describe('parseMessage', () => {
  it('takes absent figures as null, never as zero', () => {
    const parsed = parseMessage(JSON.stringify(sample));
    if (!parsed.ok || parsed.message.type !== 'sample') throw new Error('not a sample');
    expect(parsed.faults).toEqual([]);
    const merged = mergeSample(parsed.message, createKnownFacts());
    expect(merged.gpus?.[0]).toMatchObject({ powerWatts: null, error: null, utilizationPercent: 50 });
    expect(merged.gpuProcesses?.[0]).toMatchObject({ pid: 7, cpuPercent: null, user: null });
  });

  it.each([
    ['cpu', { ...sample.cpu, totalPercent: 101 }],
    ['cpu', { ...sample.cpu, totalPercent: -1 }],
    ['cpu', { ...sample.cpu, totalPercent: '12' }],
    ['cpu', { ...sample.cpu, totalPercent: 1e300 }],
  ])('makes a figure out of range null with a fault of its collector', (_collector, cpu) => {
    const parsed = parseMessage(JSON.stringify({ ...sample, cpu }));
    if (!parsed.ok || parsed.message.type !== 'sample') throw new Error('not a sample');
    expect(parsed.message.cpu?.totalPercent).toBeNull();
    expect(parsed.faults).toMatchObject([{ collector: 'cpu', figure: 'totalPercent' }]);
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{"type":"x"}',
    '{"type":"sample"}',
    '{"type":"hello","protocol":"1"}',
    '"\\ud800"',
  ])('refuses %j with a reason', (line) => {
    const parsed = parseMessage(line);
    expect(parsed.ok).toBe(false);
    expect(parsed.ok || parsed.reason).not.toBe('');
  });

  describe("whatever a node's hardware or driver decides", () => {
    function taken(more: object) {
      const parsed = parseMessage(JSON.stringify({ ...sample, ...more }));
      if (!parsed.ok || parsed.message.type !== 'sample') throw new Error('not a sample');
      return { ...parsed.message, faults: parsed.faults };
    }
    const numbers = (length: number) => Array.from({ length }, (_, at) => at);

    it('more rows than fit are left out, with a fault of their collector', () => {
      const disks = numbers(300).map((at) => ({ name: `zd${at}` }));
      const found = taken({
        disks,
        network: disks,
        filesystems: disks.map(({ name }) => ({ mountPoint: `/${name}`, source: name, fsType: 'zfs' })),
        topProcesses: { pid: numbers(65), cpuPercent: numbers(65) },
        gpus: { index: numbers(300), utilizationPercent: numbers(300).map((at) => at % 100) },
        gpuProcesses: { pid: numbers(1_030), gpuIndex: numbers(1_030) },
        jobs: { key: numbers(1_030).map((at) => `slurm:${at}`) },
      });
      expect(found.disks).toHaveLength(256);
      expect(found.network).toHaveLength(256);
      expect(found.filesystems).toHaveLength(64);
      expect(found.topProcesses?.cpuPercent).toHaveLength(64);
      expect(found.gpus?.utilizationPercent).toHaveLength(256);
      expect(found.gpuProcesses?.pid).toHaveLength(1_024);
      expect(found.jobs?.key).toHaveLength(1_024);
      expect(found.cpu?.totalPercent).toBe(12);
      expect(found.faults).toContainEqual({ collector: 'disks', figure: 'number of disks', value: '300' });
      expect(new Set(found.faults.map(({ collector }) => collector))).toEqual(
        new Set(['disks', 'network', 'filesystems', 'processes', 'gpus']),
      );
    });

    it('a number that no process and no GPU can have costs its row, and the others keep their figures', () => {
      const { gpuProcesses, gpus, faults } = taken({
        gpus: { index: [0, -1, 2], utilizationPercent: [10, 20, 30] },
        gpuProcesses: { pid: [621, 0xffff_ffff, 625], gpuIndex: [0, 0, 9_999], gpuMemoryBytes: [5, 6, 7] },
      });
      expect(gpuProcesses).toMatchObject({ pid: [621], gpuIndex: [0], gpuMemoryBytes: [5] });
      expect(gpus).toMatchObject({ index: [0, 2], utilizationPercent: [10, 30] });
      expect(faults).toEqual([
        { collector: 'gpus', figure: 'index', value: '-1' },
        { collector: 'gpus', figure: 'pid', value: '4294967295' },
        { collector: 'gpus', figure: 'gpuIndex', value: '9999' },
      ]);
    });

    it('a row that is none costs itself', () => {
      const { disks, faults } = taken({ disks: [{ name: 'sda' }, { name: 7 }, 'sdb'] });
      expect(disks?.map(({ name }) => name)).toEqual(['sda']);
      expect(faults).toMatchObject([
        { collector: 'disks', figure: 'disks.name', value: '7' },
        { collector: 'disks', figure: 'disks', value: 'string' },
      ]);
    });

    it('facts of a process or GPU that cannot be cost their row', () => {
      const facts = {
        type: 'facts',
        processes: [
          { pid: 1e12, startTimeMs: 1, command: 'x' },
          { pid: 7, startTimeMs: 1, command: 'y' },
        ],
        gpus: [
          { index: 5_000, vendor: 'NVIDIA' },
          { index: 1, vendor: 'NVIDIA' },
        ],
        gpuHolders: [{ gpuIndex: 0, pid: -4 }],
        events: [{ atMs: 5, kind: 'xid', code: 79, severity: 'error', text: 'Xid', pid: 4294967295 }],
        gone: [1e12, 8],
      };
      const parsed = parseMessage(JSON.stringify(facts));
      expect(parsed).toMatchObject({
        ok: true,
        message: {
          processes: [{ pid: 7 }],
          gpus: [{ index: 1 }],
          gpuHolders: [],
          events: [{ code: 79, pid: null }],
          gone: [8],
        },
      });
    });

    it('file systems are as large as clusters have them, and larger', () => {
      const shared = { mountPoint: '/scratch', source: 'x', fsType: 'lustre' };
      const pebibyte = 2 ** 50;
      const { filesystems, faults } = taken({
        filesystems: [
          { ...shared, totalBytes: 12 * pebibyte, usedBytes: 7 * pebibyte },
          { ...shared, totalBytes: 2 ** 65 },
        ],
      });
      expect(faults).toEqual([]);
      expect(filesystems).toMatchObject([
        { totalBytes: 12 * pebibyte, usedBytes: 7 * pebibyte },
        { totalBytes: 2 ** 65 },
      ]);
    });

    it('what is no table and no list at all is refused', () => {
      for (const more of [
        { gpus: 5 },
        { gpus: {} },
        { disks: 'x' },
        { jobs: [] },
        { topProcesses: { pid: 7 } },
      ])
        expect(parseMessage(JSON.stringify({ ...sample, ...more })).ok).toBe(false);
    });
  });

  it('never throws, whatever stands where', () => {
    fc.assert(fc.property(fc.json(), (text) => typeof parseMessage(text).ok === 'boolean'));
    const anything = fc.dictionary(fc.constantFrom(...Object.keys(sample)), fc.jsonValue());
    fc.assert(
      fc.property(
        anything,
        (more) => typeof parseMessage(JSON.stringify({ ...sample, ...more })).ok === 'boolean',
      ),
    );
  });
});

describe('mergeSample', () => {
  it('adds what was said once, and null for what was not', () => {
    const known = createKnownFacts();
    applyFacts(known, {
      gpus: [
        {
          ...noGpuFacts,
          index: 0,
          uuid: 'GPU-0',
          name: 'H100',
          vendor: 'NVIDIA',
          memoryTotalBytes: 9,
        },
      ],
      processes: [{ pid: 7, startTimeMs: 5, user: 'ann', command: 'python', arguments: 'x.py', job: null }],
    });
    const parsed = parseMessage(JSON.stringify(sample));
    const merged = mergeSample(parsed.ok ? (parsed.message as Sample) : ({} as Sample), known);
    expect(merged.gpus?.[0]).toMatchObject({
      uuid: 'GPU-0',
      name: 'H100',
      memoryTotalBytes: 9,
      utilizationPercent: 50,
    });
    expect(merged.gpuProcesses?.[0]).toMatchObject({
      pid: 7,
      user: 'ann',
      command: 'python',
      gpuMemoryBytes: 5,
    });
    expect(merged.topProcesses?.[0]).toMatchObject({ pid: 8, user: null, cpuPercent: 150 });
    applyFacts(known, { gone: [7] });
    expect(known.processes.size).toBe(0);
  });
});

describe('createFailure', () => {
  const way = { node: 'n1', sshWords: ['ssh', '-F', 'a b', 'n1'], host: 'n1.example', port: 22 };
  const details: FailureDetail[] = [
    { cause: 'dns', detail: 'NXDOMAIN' },
    { cause: 'refused' },
    ...stages.map((stage) => ({ cause: 'timeout' as const, stage, limitMs: 10_000 })),
    { cause: 'closed', stage: 'login', detail: 'reset' },
    { cause: 'proxy', detail: 'x' },
    { cause: 'key-exchange', detail: 'x' },
    { cause: 'unreadable', stage: 'login', detail: 'Bad packet length' },
    { cause: 'unreadable', stage: null, detail: 'Bad packet length' },
    { cause: 'host-key-unknown', keyType: 'ED25519', fingerprint: 'SHA256:x', acceptCommand: ['ssh', 'n1'] },
    {
      cause: 'host-key-changed',
      keyType: 'RSA',
      fingerprint: 'SHA256:y',
      knownHostsFile: '/a b/k',
      lookup: '[n1]:22',
      acceptCommand: ['ssh', 'n1'],
    },
    { cause: 'host-key-revoked', keyType: 'RSA', fingerprint: 'SHA256:z', knownHostsFile: '/k' },
    { cause: 'auth', user: 'ann', tried: [] },
    { cause: 'auth', user: 'ann', tried: [], keyWorkedBefore: true },
    { cause: 'password-expired', detail: 'x' },
    { cause: 'account-refused', detail: 'x', hint: 'y' },
    { cause: 'session-limit', detail: 'x' },
    { cause: 'node-limit', detail: 'x', hint: 'y' },
    { cause: 'login-ended', detail: 'x' },
    { cause: 'no-shell', detail: 'x' },
    { cause: 'forced-command', detail: 'x' },
    { cause: 'no-runtime', detail: 'x', hint: 'y' },
    { cause: 'libc', detail: 'x' },
    { cause: 'noexec', folders: ['/tmp'] },
    { cause: 'no-space', folders: ['/tmp'], neededMiB: 100 },
    { cause: 'monitor-crashed', detail: 'x' },
    { cause: 'monitor-silent', silentMs: 16_000 },
    { cause: 'protocol', detail: 'x' },
    { cause: 'protocol', detail: 'x', isFlood: true },
    { cause: 'head-limit', what: 'files', limit: 256, detail: 'x' },
    { cause: 'head-limit', what: 'all-files', limit: null, detail: 'x' },
    { cause: 'head-limit', what: 'processes', limit: null, detail: 'x' },
    { cause: 'head-error', detail: 'x' },
    { cause: 'config', detail: 'x', hint: 'y' },
    { cause: 'tool-missing', tool: 'ssh', hint: 'y' },
  ];

  it('has a sentence and a hint for every cause', () => {
    expect(new Set(details.map((detail) => detail.cause))).toEqual(new Set(causes));
    for (const detail of details) {
      const failure = createFailure(way, detail, ['a', 'b']);
      expect(failure.message).toMatch(/\.$/);
      expect(failure.hint.length).toBeGreaterThan(0);
      expect(failure.lastLines).toEqual(['a', 'b']);
    }
  });

  it('speaks of firewalls only where nothing was heard, and of the session after a good login', () => {
    const hintAt = (stage: (typeof stages)[number]) =>
      createFailure(way, { cause: 'timeout', stage, limitMs: 10_000 }).hint;
    for (const stage of ['name', 'tcp'] as const) expect(hintAt(stage)).toContain('firewall');
    for (const stage of ['banner', 'keys', 'login', 'shell', 'runtime', 'hello'] as const)
      expect(hintAt(stage)).not.toContain('firewall');
    expect(hintAt('shell')).toContain('The login works');
    expect(hintAt('shell')).toContain('stage-seconds');
  });

  it('names who logs in and the limit of the head where they are known', () => {
    const expired = createFailure({ ...way, user: 'ann' }, { cause: 'password-expired', detail: 'x' });
    expect(expired.message).toContain('The password of ann on n1 has expired');
    const full = createFailure(way, { cause: 'head-limit', what: 'files', limit: 256, detail: 'EMFILE' });
    expect(full.message).toContain('no free file descriptors (limit 256)');
    expect(full.hint).toContain('ulimit -n');
  });

  it('quotes what it tells people to type', () => {
    expect(createFailure(way, { cause: 'refused' }).hint).toContain(shellCommand(way.sshWords));
  });

  it('tells to compare a changed key another way before it tells how to accept it', () => {
    const { hint } = createFailure(way, {
      cause: 'host-key-changed',
      keyType: 'RSA',
      fingerprint: 'SHA256:y',
      knownHostsFile: '/k',
      lookup: 'n1',
      acceptCommand: ['ssh', 'n1'],
    });
    expect(hint.indexOf('another way')).toBeLessThan(hint.indexOf('ssh-keygen -f'));
    expect(hint.indexOf('another way')).toBeGreaterThanOrEqual(0);
  });

  it('knocks seldom where servers ban', () => {
    expect(causes.filter(isRefusal)).toEqual([
      'host-key-unknown',
      'host-key-changed',
      'host-key-revoked',
      'auth',
    ]);
  });
});

describe('constants', () => {
  it('are free of packages, because the monitor is bundled with them', () => {
    expect(readFileSync(new URL('./constants.ts', import.meta.url), 'utf8')).not.toContain('import');
  });
});
