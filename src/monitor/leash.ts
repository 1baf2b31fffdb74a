import type { ChildProcess } from 'node:child_process';
import type { System } from './system.ts';

/**
 * Ends the monitor's tools when the monitor is gone, however it went. A tool that prints nothing
 * (a query without processes) would never notice; a small shell holds the list of pids and reads
 * our end of a pipe, which the kernel closes even after SIGKILL.
 */
export interface Leash {
  add(child: ChildProcess): void;
  /** Ends the tools now. */
  release(): void;
}

const WATCH = 'l=; while read -r p; do l=$p; done; [ -n "$l" ] && kill -9 $l';

/** The shell that watches is started with the first tool. */
export function createLeash(system: System): Leash {
  const children = new Set<ChildProcess>();
  let watcher: ChildProcess | null = null;

  function tell(): void {
    const pids = [...children].map((child) => child.pid).filter((pid) => pid !== undefined);
    watcher?.stdin?.write(`${pids.join(' ')}\n`);
  }

  function startWatcher(): ChildProcess {
    const started = system.startWatcher('/bin/sh', ['-c', WATCH]);
    started.on('error', () => undefined);
    started.stdin?.on('error', () => undefined);
    return started;
  }

  return {
    add(child) {
      if (child.pid === undefined) return;
      watcher ??= startWatcher();
      children.add(child);
      child.once('exit', () => {
        children.delete(child);
        tell();
      });
      tell();
    },
    release() {
      for (const child of children) child.kill('SIGKILL');
      watcher?.kill('SIGKILL');
    },
  };
}
