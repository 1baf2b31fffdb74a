import * as files from 'node:fs';
import { type BoundedLog, openBoundedLog } from '../lib/bounded-log.ts';
import { nodeFileName } from '../lib/node-file-name.ts';
import type { NodeLog } from './node-life.ts';

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
