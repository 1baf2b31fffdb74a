import { describe, expect, it } from 'vitest';
import { createRandom } from '../lib/random.ts';
import { stages } from '../report/causes.ts';
import type { FailureDetail } from '../report/failure-detail.ts';
import { createFailure } from '../report/failures.ts';
import { collectFaults, figure, figures } from './figures.ts';
import { type Message, parseMessage } from './messages.ts';

/** Whatever a node sends: every parser gives an answer, and what it lets through is within its bounds. */

const RUNS = 2_000;
type Random = () => number;
const pick = <T>(random: Random, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;

const oddNumbers = [0, -0, -1, 0.1, 1e308, -1e308, 2 ** 53, 2 ** 63, 5e-324, 101, 1e21];
const oddTexts = ['', 'NaN', '1', '\u001b[2J', '<b>', '\ud800', '__proto__', 'x'.repeat(5_000)];

function anything(random: Random, depth = 0): unknown {
  const kind = Math.floor(random() * (depth > 3 ? 4 : 6));
  if (kind === 0) return pick(random, oddNumbers);
  if (kind === 1) return pick(random, oddTexts);
  if (kind === 2) return pick(random, [null, true, false]);
  if (kind === 3) return random() * 200 - 50;
  const inner = () => anything(random, depth + 1);
  const count = Math.floor(random() * 5);
  if (kind === 4) return Array.from({ length: count }, inner);
  return Object.fromEntries(
    Array.from({ length: count }, () => [pick(random, ['pid', 'index', 'ok', '__proto__', 'ms']), inner()]),
  );
}

const report = { ok: true, ms: 1 };
const messages: Record<string, unknown>[] = [
  {
    type: 'hello',
    protocol: 1,
    build: 'b',
    nonce: 'n',
    pid: 1,
    hostname: 'h',
    os: 'o',
    kernel: 'k',
    runtime: 'r',
    cores: 8,
    notes: ['x'],
    gpus: [{ index: 0, vendor: 'NVIDIA', name: 'H100' }],
  },
  {
    type: 'facts',
    gpus: null,
    processes: [{ pid: 1, startTimeMs: 5, user: 'ann', command: 'python', arguments: 'x' }],
    gone: [4],
    jobs: [{ key: 'slurm:1', kind: 'slurm', id: '1', name: 'train', user: 'ann', startTimeMs: 5 }],
    goneJobs: ['slurm:2'],
    gpuHolders: [{ gpuIndex: 0, pid: 9 }],
    warnings: [{ code: 'driver-mismatch', message: 'x' }],
    slurm: { cluster: 'fleet', nodeName: 'n1', canAsk: true, gpuMinors: [{ index: 0, minor: 1 }] },
    schedulerAnswer: {
      cluster: 'fleet',
      part: 0,
      parts: 1,
      nodes: [
        {
          name: 'n1',
          state: 'IDLE+DRAIN',
          reason: 'fan',
          partitions: ['gpu'],
          gpuCount: 2,
          allocations: [{ gpus: [0], number: '11', id: '9_2', user: 'ann' }],
        },
      ],
    },
    events: [
      { atMs: 5, kind: 'xid', code: 79, severity: 'critical', text: 'Xid', pid: 7, jobs: ['slurm:1'] },
    ],
  },
  {
    type: 'sample',
    sequence: 1,
    takenAtMs: 1,
    intervalMs: 1000,
    collectors: Object.fromEntries(
      ['cpu', 'memory', 'filesystems', 'disks', 'network', 'gpus', 'processes'].map((name) => [name, report]),
    ),
    cpu: { totalPercent: 12, corePercents: [1, 2], load1: 0, load5: 0, load15: 0 },
    memory: { totalBytes: 5, availableBytes: 4, usedBytes: 1, swapTotalBytes: 0, swapUsedBytes: 0 },
    filesystems: [{ mountPoint: '/', source: 'x', fsType: 'ext4', kind: 'SSD', totalBytes: 1 }],
    disks: [{ name: 'sda', readBytesPerSecond: 1, writeBytesPerSecond: 1, busyPercent: 1 }],
    network: [{ name: 'eth0', receiveBytesPerSecond: 1, transmitBytesPerSecond: 1 }],
    gpus: { index: [0], health: ['ok'], utilizationPercent: [50], error: [null] },
    gpuProcesses: { pid: [7], gpuIndex: [0], gpuMemoryBytes: [5] },
    processCount: 3,
    topProcesses: { pid: [8], cpuPercent: [150], state: ['R'] },
    jobs: { key: ['slurm:1'], processCount: [2], cpuPercent: [150], residentBytes: [5] },
  },
  { type: 'bye', reason: 'over' },
];

/** Puts something else somewhere in a good message. */
function spoil(random: Random, message: unknown): unknown {
  if (random() < 0.25 || typeof message !== 'object' || message === null) return anything(random);
  if (Array.isArray(message)) {
    const rows = [...message];
    rows[Math.floor(random() * (rows.length + 1))] = anything(random);
    return rows;
  }
  const key = pick(random, Object.keys(message));
  const inner = (message as Record<string, unknown>)[key];
  return { ...message, [key]: key === 'type' ? inner : spoil(random, inner) };
}

/** Cuts, doubles or changes bytes. */
function damage(random: Random, line: string): string {
  const bytes = Buffer.from(line);
  for (let times = 1 + Math.floor(random() * 5); times > 0; times--)
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return bytes.subarray(0, random() < 0.3 ? Math.floor(random() * bytes.length) : bytes.length).toString();
}

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function expectBounded(message: Message): void {
  for (const number of numbersIn(message)) expect(Math.abs(number)).toBeLessThanOrEqual(2 ** 80);
  for (const text of textsIn(message)) expect(text.length).toBeLessThanOrEqual(4096);
  expect({}).not.toHaveProperty('pid');
}

describe('parseMessage', () => {
  it('gives an answer to any spoilt message, and lets only bounded figures through', () => {
    let taken = 0;
    for (let seed = 0; seed < RUNS; seed++) {
      const random = createRandom(seed);
      const line = JSON.stringify(spoil(random, pick(random, messages)));
      const parsed = parseMessage(line);
      if (!parsed.ok) expect(parsed.reason).not.toBe('');
      else expectBounded(parsed.message);
      taken += Number(parsed.ok);
      expect(parseMessage(line)).toEqual(parsed);
    }
    // Not everything is refused: what is spoilt within a figure costs that figure only.
    expect(taken).toBeGreaterThan(RUNS / 10);
    expect(taken).toBeLessThan(RUNS);
  });

  it('gives an answer to any damaged line', () => {
    for (let seed = 0; seed < RUNS; seed++) {
      const random = createRandom(seed);
      const parsed = parseMessage(damage(random, JSON.stringify(pick(random, messages))));
      if (parsed.ok) expectBounded(parsed.message);
    }
  });
});

describe('figures', () => {
  it('are within their range or null, and a fault exactly where something else was said', () => {
    for (let seed = 0; seed < RUNS; seed++) {
      const random = createRandom(seed);
      const [min, max] = [Math.floor(random() * 50) - 25, 50 + Math.floor(random() * 100)];
      const value = anything(random);
      const { result, faults } = collectFaults(() => figure('cpu', 'x', min, max).parse(value));
      const isGood = typeof value === 'number' && value >= min && value <= max;
      expect(result).toBe(isGood ? value : null);
      expect(faults).toHaveLength(isGood || value === null ? 0 : 1);
    }
  });

  it('keep their places in a column', () => {
    for (let seed = 0; seed < RUNS; seed++) {
      const random = createRandom(seed);
      const values = Array.from({ length: Math.floor(random() * 30) }, () => anything(random));
      const { result } = collectFaults(() => figures('gpus', 'x', 0, 100, 20).parse(values));
      const isGood = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 100;
      expect(result).toEqual(values.length > 20 ? [] : values.map((value) => (isGood(value) ? value : null)));
    }
  });
});

describe('createFailure', () => {
  const evil = `${'\u001b[2J\u202e<b>\u0000'.repeat(300)}. `;
  const way = { node: 'n1', sshWords: ['ssh', 'n1'], host: 'n1.example', port: 22 };
  const details: FailureDetail[] = [
    ...(
      ['dns', 'key-exchange', 'session-limit', 'no-shell', 'forced-command', 'libc', 'protocol'] as const
    ).map((cause) => ({ cause, detail: evil })),
    ...stages.map((stage) => ({ cause: 'closed' as const, stage, detail: evil })),
    { cause: 'proxy', detail: evil },
    { cause: 'monitor-crashed', detail: evil },
    { cause: 'password-expired', detail: evil },
    { cause: 'login-ended', detail: evil },
    { cause: 'unreadable', stage: 'keys', detail: evil },
    { cause: 'head-error', detail: evil },
    { cause: 'no-runtime', detail: evil, hint: 'x' },
    { cause: 'noexec', folders: [evil, evil] },
    { cause: 'no-space', folders: [evil], neededMiB: 1 },
  ];

  it.each(details)('tells $cause in few and visible words, whatever the node said', (detail) => {
    const failure = createFailure(
      way,
      detail,
      Array.from({ length: 50 }, () => evil),
    );
    expect(failure.lastLines).toHaveLength(20);
    for (const text of [failure.message, failure.hint, ...failure.lastLines]) {
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(text.length).toBeLessThan(2_400);
    }
  });
});
