import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseMessage } from '../protocol/messages.ts';
import { createState, type State } from '../state/state.ts';
import { type Demo, startDemo } from './demo.ts';

describe('the demo', () => {
  let state: State;
  let demo: Demo;

  beforeEach(() => {
    vi.useFakeTimers();
    state = createState(() => performance.now());
    demo = startDemo((event) => {
      if (event.kind === 'message') {
        // What the demo says must be what a real node may say.
        const parsed = parseMessage(JSON.stringify(event.message));
        expect(parsed.ok || parsed.reason).toBe(true);
        expect(parsed.ok && parsed.faults).toEqual([]);
      }
      state.take(event);
    });
  });
  afterEach(async () => {
    await demo.stop(() => undefined);
    vi.useRealTimers();
  });

  const jobs = () => state.reports().flatMap((report) => report.sample?.gpuProcesses ?? []);

  it('has exactly 12 nodes and 60 GPUs of several models, and at least five users', () => {
    const gpus = state.reports().flatMap((report) => report.hello?.gpus ?? []);
    expect(state.reports()).toHaveLength(12);
    expect(gpus).toHaveLength(60);
    expect(new Set(gpus.map((gpu) => gpu.name)).size).toBeGreaterThanOrEqual(4);
    expect(new Set(jobs().map((job) => job.user)).size).toBeGreaterThanOrEqual(5);
  });

  it('shows what can happen: idle, busy, held idle, lost, unreachable with its last hello', () => {
    const gpus = state.reports().flatMap((report) => report.sample?.gpus ?? []);
    expect(gpus.filter((gpu) => gpu.health === 'lost')).toHaveLength(1);
    expect(gpus.some((gpu) => (gpu.utilizationPercent ?? 0) > 80)).toBe(true);
    expect(gpus.some((gpu) => gpu.utilizationPercent === 0 && (gpu.memoryUsedBytes ?? 0) < 1e9)).toBe(true);
    expect(gpus.some((gpu) => gpu.utilizationPercent === 0 && (gpu.memoryUsedBytes ?? 0) > 5e9)).toBe(true);
    const away = state.reports().filter((report) => report.state === 'unreachable');
    expect(away).toHaveLength(1);
    expect(away[0]).toMatchObject({ cause: 'timeout', hello: { hostname: away[0]?.name } });
  });

  it('has Slurm jobs on two nodes each, containers and sessions, every GPU process being in one', () => {
    const rows = state
      .reports()
      .flatMap((report) => (report.sample?.jobs ?? []).map((job) => ({ node: report.name, ...job })));
    const slurm = rows.filter((row) => row.kind === 'slurm');
    const spanning = [...new Set(slurm.map((row) => row.key))]
      .map((key) => slurm.filter((row) => row.key === key))
      .filter((found) => found.length === 2);
    expect(spanning.length).toBeGreaterThanOrEqual(3);
    for (const [one, two] of spanning)
      expect(one).toMatchObject({ name: two?.name, user: two?.user, startTimeMs: two?.startTimeMs });
    const kinds = new Set(rows.map((row) => row.kind));
    expect(['slurm', 'docker', 'systemd'].every((kind) => kinds.has(kind as 'slurm'))).toBe(true);
    expect(kinds.has('tmux') || kinds.has('session')).toBe(true);
    for (const { job } of jobs()) expect(rows.map((row) => row.key)).toContain(job);
    vi.advanceTimersByTime(60_000);
    expect(state.reports().every((report) => (report.sample?.jobs ?? []).every((job) => job.user))).toBe(
      true,
    );
  });

  it('has jobs that start and end, on the same nodes and GPUs', () => {
    const before = new Set(jobs().map((job) => job.pid));
    vi.advanceTimersByTime(10 * 60_000);
    const after = new Set(jobs().map((job) => job.pid));
    expect([...before].some((pid) => !after.has(pid))).toBe(true);
    expect([...after].some((pid) => !before.has(pid))).toBe(true);
    expect(jobs().every((job) => job.user !== null && job.command !== null)).toBe(true);
    const live = state.reports().filter((report) => report.state === 'live');
    expect(live).toHaveLength(11);
  });
});
