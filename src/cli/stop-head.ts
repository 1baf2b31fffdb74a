import { existsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import {
  type HeadRecord,
  isRunning,
  openStateFolder,
  readRecord,
  removeRecord,
  type StateFolder,
} from '../config/state-folder.ts';
import { lockHolder } from '../config/state-lock.ts';
import { findHead } from './head-client.ts';

type Say = (line: string) => void;

export const NOTHING = 'nothing is running';

/** All of a stop together; nodes out of reach are named, not waited for. */
const STOP_LIMIT_MS = 12_000;
const SWEEP_LIMIT_MS = 12_000;
const EXIT_LIMIT_MS = 3_000;
/** All of a stop is to take 20 s at most. */
const START_LIMIT_MS = 5_000;

/**
 * Stops the head of the state folder and its monitors, whatever became of them, and the demo where no folder was named.
 * One line per node.
 */
export async function stopHeads(config: Config, say: Say): Promise<void> {
  const { demoStateDir } = config;
  const hasDemo = demoStateDir !== null && existsSync(demoStateDir);
  const demo = hasDemo && findHead({ stateDir: demoStateDir }) !== null;
  // Nobody wants to hear that of two folders one is empty.
  await stopHead(config, (line) => !(demo && line === NOTHING) && say(line));
  if (demo) await stopHead({ ...config, stateDir: demoStateDir }, (line) => say(`demo: ${line}`));
}

/** Stops the head of one state folder. */
export async function stopHead(config: Config, say: Say): Promise<void> {
  const folder = openStateFolder(config.stateDir);
  await awaitStart(folder);
  const head = findHead(config);
  if (head !== null) {
    const isStopped = await stopRunning(head.record, () =>
      head.lines('POST', '/control/stop', say, STOP_LIMIT_MS),
    );
    if (isStopped) {
      say(`stopped the head (pid ${head.record.pid})`);
      removeRecord(folder, head.record.pid);
      return;
    }
    say(`killed the head (pid ${head.record.pid}), which did not stop by itself`);
  }
  const record = readRecord(folder);
  if (record === null) {
    say(NOTHING);
    return;
  }
  if (head === null) say(`the head (pid ${record.pid}) is not running any more; looking for what it left`);
  if (!record.demo) {
    const { endLeftMonitors } = await import('../head/end-left-monitors.ts');
    await endLeftMonitors(
      { ...config, nodeList: record.nodeList, sshConfig: record.sshConfig },
      folder,
      SWEEP_LIMIT_MS,
      say,
    );
  }
  removeRecord(folder, record.pid);
}

/** A head that is just being started can be asked to stop once it serves. */
async function awaitStart(folder: StateFolder): Promise<void> {
  const deadlineMs = performance.now() + START_LIMIT_MS;
  const isStarting = () => {
    const pid = lockHolder(folder.path);
    return pid !== null && readRecord(folder)?.pid !== pid;
  };
  while (isStarting() && performance.now() < deadlineMs)
    await new Promise((resolve) => setTimeout(resolve, 50));
}

/** True if it ended in order; otherwise it is killed. */
async function stopRunning(record: HeadRecord, ask: () => Promise<void>): Promise<boolean> {
  try {
    await ask();
    if (await hasEnded(record)) return true;
  } catch {
    // A head that does not answer is killed below.
  }
  try {
    process.kill(record.pid, 'SIGKILL');
  } catch {
    return true;
  }
  await hasEnded(record);
  return false;
}

async function hasEnded(record: HeadRecord): Promise<boolean> {
  const deadlineMs = performance.now() + EXIT_LIMIT_MS;
  while (isRunning(record)) {
    if (performance.now() > deadlineMs) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}
