import { stat } from 'node:fs/promises';

async function signatureOf(path: string): Promise<string> {
  try {
    const found = await stat(path);
    return `${path} ${found.mtimeMs} ${found.size} ${found.ino}`;
  } catch {
    return `${path} -`;
  }
}

/** A text that changes when one of the files changes, comes or goes. */
export async function readSignature(paths: Iterable<string>): Promise<string> {
  const signatures = await Promise.all([...paths].map(signatureOf));
  return signatures.join('\n');
}
