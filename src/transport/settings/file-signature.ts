import { stat } from 'node:fs/promises';

/** The part of one file in such a text. */
export async function signatureOf(path: string): Promise<string> {
  try {
    const found = await stat(path);
    return `${path} ${found.mtimeMs} ${found.size} ${found.ino}`;
  } catch {
    return `${path} -`;
  }
}

/** Such a text, of its parts. */
export const joinSignatures = (signatures: Iterable<string>) => [...signatures].join('\n');

/** A text that changes when one of the files changes, comes or goes. */
export async function readSignature(paths: Iterable<string>): Promise<string> {
  return joinSignatures(await Promise.all([...paths].map(signatureOf)));
}
