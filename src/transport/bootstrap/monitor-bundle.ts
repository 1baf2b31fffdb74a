import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type NvmlArchitecture, nvmlArchitectures } from '../../protocol/nvml.ts';

/** The monitor as it travels: one file, gzipped. */
export interface MonitorBundle {
  /** Names the build. */
  build: string;
  gzip: Buffer;
  /** What nodes with NVML get; null where the build could not make it. */
  nvmlKits: Record<NvmlArchitecture, Buffer | null>;
}

/** Reads the built monitor from `folder`. Rejects with a sentence where it was not built. */
export async function readMonitorBundle(folder: string): Promise<MonitorBundle> {
  const path = join(folder, 'monitor.cjs');
  const source = await readFile(path).catch(() => {
    throw new Error(`${path} is missing: run npm run build`);
  });
  const gzip = gzipSync(source, { level: 9 });
  const kits = await Promise.all(nvmlArchitectures.map((name) => readNvmlKit(folder, name)));
  const nvmlKits = Object.fromEntries(nvmlArchitectures.map((name, at) => [name, kits[at] ?? null]));
  return {
    build: hash(source).slice(0, 16),
    gzip,
    nvmlKits: nvmlKits as MonitorBundle['nvmlKits'],
  };
}

async function readNvmlKit(folder: string, architecture: NvmlArchitecture): Promise<Buffer | null> {
  return readFile(join(folder, `nvml-${architecture}.kit`)).catch(() => null);
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
