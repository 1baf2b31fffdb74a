import { readFile } from 'node:fs/promises';
import type { PublicKey } from './host-key.ts';
import type { RunTool } from './run-tool.ts';

const KRL_MAGIC = 'SSHKRL\n\0';

/** Whether a RevokedHostKeys file names the key. As in ssh, a file that cannot be read revokes every key. */
export async function isRevokedBy(file: string, key: PublicKey, run: RunTool): Promise<boolean> {
  const content = await readFile(file).catch(() => null);
  if (content === null) return true;
  if (!content.toString('latin1', 0, KRL_MAGIC.length).startsWith(KRL_MAGIC)) {
    return content.toString('latin1').split(/\s+/).includes(key.base64);
  }
  // Through cat, because Node.js hands out sockets, and /dev/stdin opens only as a pipe.
  const script = 'cat | ssh-keygen -Q -f "$1" /dev/stdin';
  const answer = await run('/bin/sh', ['-c', script, 'sh', file], `${key.type} ${key.base64}\n`);
  return answer.code !== 0;
}
