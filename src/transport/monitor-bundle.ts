import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

/** The monitor as it travels: one file, gzipped, with the hash that the loader on the node checks. */
export interface MonitorBundle {
  /** Names the build. */
  build: string;
  gzip: Buffer;
  gzipSha256: string;
}

/** Reads the built monitor. Rejects with a sentence where it was not built. */
export async function readMonitorBundle(path: string): Promise<MonitorBundle> {
  const source = await readFile(path).catch(() => {
    throw new Error(`${path} is missing: run npm run build`);
  });
  const gzip = gzipSync(source, { level: 9 });
  return { build: hash(source).slice(0, 16), gzip, gzipSha256: hash(gzip) };
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
