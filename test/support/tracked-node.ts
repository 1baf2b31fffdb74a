import type { ProcessRow } from '../../src/monitor/collectors/process-scan/known-processes.ts';
import type { JobNames } from '../../src/monitor/jobs/job-names.ts';
import { createJobTracker } from '../../src/monitor/jobs/job-tracker.ts';
import type { System } from '../../src/monitor/system.ts';

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
export const OWN_PID = 9;

/** `names`: who knows jobs by name; nobody, unless given. */
export function createTrackedNode(names: JobNames | null = null) {
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
