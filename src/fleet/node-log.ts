import * as files from 'node:fs';
import { type BoundedLog, openBoundedLog } from '../lib/bounded-log.ts';
import { nodeFileName } from '../lib/node-file-name.ts';

/** The head's side of a node's log. */
export interface NodeLog {
  /** Null where no log can be written. */
  path(): string | null;
  write(text: string): void;
}

const FOLDER = '/tmp';

/**
 * The head's lines in `/tmp/monitor-<node>.log`. The file is opened for each line: lines are rare,
 * and ten thousand open files are not.
 */
export function createNodeLog(node: string, headId: string): NodeLog {
  const base = `${FOLDER}/monitor-${nodeFileName(node)}`;
  const uid = process.getuid?.() ?? 0;
  let path: string | null = null;

  function openWith(firstLine: string): BoundedLog {
    const paths = [`${base}.log`, `${base}.${uid}.log`];
    return openBoundedLog({ files, paths, uid, tag: `head ${headId}`, now: () => new Date() }, firstLine);
  }

  return {
    path: () => path,
    write(text) {
      const log = openWith(text);
      path = log.path;
      log.close();
    },
  };
}

/** A log that cannot be written is no reason to leave a node. */
export function unfailing(log: NodeLog): NodeLog {
  return {
    path: () => log.path(),
    write(text) {
      try {
        log.write(text);
      } catch {
        // The disk is full, or no descriptor is free: the page tells the failure all the same.
      }
    },
  };
}
