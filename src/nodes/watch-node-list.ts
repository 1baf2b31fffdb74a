import { readFile } from 'node:fs/promises';
import { fileReason } from '../lib/file-reason.ts';
import { type NodeList, parseNodeList } from './node-list.ts';

const LOOK_EVERY_MS = 1_000;
const STILL_FOR_MS = 500;
const MAX_LIST_BYTES = 8 * 1024 * 1024;

export interface NodeListWatch {
  stop(): void;
}

/** Reads and parses the list once. Throws a sentence where it cannot be read or has no good line. */
export async function readNodeList(file: string): Promise<NodeList> {
  const list = parseNodeList(await readText(file), file);
  if (list.targets.length > 0) return list;
  const reasons = list.problems.length > 0 ? ` (${list.problems.slice(0, 3).join('; ')})` : '';
  throw new Error(`${file} names no node${reasons}. Write one node per line, for example: localhost`);
}

async function readText(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`the node list ${file} cannot be read: ${fileReason(error)}`);
  });
  if (text.length > MAX_LIST_BYTES) throw new Error(`the node list ${file} is larger than 8 MiB`);
  return text;
}

/**
 * Looks at the file's text every second, which works over NFS and for files replaced by rename, and
 * takes a change once it has been still. An unreadable or empty list keeps the last good one.
 */
export function watchNodeList(
  file: string,
  onList: (list: NodeList) => void,
  onProblem: (problem: string | null) => void,
): NodeListWatch {
  let taken: string | null = null;
  let seen: string | null = null;
  let timer: NodeJS.Timeout;
  let stopped = false;

  function take(text: string): void {
    const list = parseNodeList(text, file);
    taken = text;
    if (list.targets.length === 0) {
      onProblem(`${file} names no node now; the nodes it named before are kept`);
      return;
    }
    onProblem(null);
    onList(list);
  }

  async function look(): Promise<void> {
    let waitMs = LOOK_EVERY_MS;
    try {
      const text = await readText(file);
      if (stopped) return;
      if (text !== taken && text === seen) take(text);
      else if (text !== taken) waitMs = STILL_FOR_MS;
      seen = text;
    } catch (error) {
      taken = seen = null;
      onProblem(
        `${error instanceof Error ? error.message : String(error)}; the nodes it named before are kept`,
      );
    }
    if (!stopped) timer = setTimeout(look, waitMs);
  }

  timer = setTimeout(look, 0);
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
