import { access, constants, readFile } from 'node:fs/promises';
import { fileReason } from '../../lib/file-reason.ts';
import type { FailureDetail } from '../../report/failure-detail.ts';
import type { RunTool } from '../settings/run-tool.ts';
import { StepError } from '../ssh-step-error.ts';
import type { PublicKey } from './host-key.ts';

const KRL_MAGIC = 'SSHKRL\n\0';

/** ssh refuses every key then. */
export function unusableRevocations(file: string, reason: string): FailureDetail {
  return {
    cause: 'config',
    detail: `RevokedHostKeys is ${file}, which cannot be used (${reason}), so no host key is taken`,
    hint: 'Put that file there, or mend RevokedHostKeys in the ssh configuration.',
  };
}

/** Rejects with a `StepError` where the file cannot be read. */
export async function requireRevocations(file: string): Promise<void> {
  await access(file, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
    const reason = fileReason(error);
    throw new StepError(unusableRevocations(file, reason));
  });
}

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
