import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A look at the files costs little, but nodes ask in a row. */
const KEPT_MS = 1_500;

function signature(path: string): string {
  try {
    const found = statSync(path);
    return `${path} ${found.mtimeMs} ${found.size} ${found.ino}`;
  } catch {
    return `${path} -`;
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/**
 * A text that changes when keys, settings or known hosts change: then a login that was refused is
 * worth another try. `moreFiles` are those that the resolved settings name.
 */
export function createAccessFingerprint(
  homeFolder: string,
  sshConfigFile: string | null,
  agentSocket: string | undefined,
  moreFiles: () => Iterable<string>,
): () => string {
  let text = '';
  let takenMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = performance.now();
    if (nowMs - takenMs < KEPT_MS) return text;
    takenMs = nowMs;
    const paths = new Set([
      ...filesIn(join(homeFolder, '.ssh')),
      ...filesIn('/etc/ssh'),
      ...(sshConfigFile === null ? [] : [sshConfigFile]),
      ...(agentSocket ? [agentSocket] : []),
      ...moreFiles(),
    ]);
    text = [...paths].sort().map(signature).join('\n');
    return text;
  };
}
