import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** A runtime ready to be shipped. */
export interface ShippedRuntime {
  /** Name of the file on the node: version, machine, hash. */
  name: string;
  gzipPath: string;
  gzipBytes: number;
  rawBytes: number;
  rawSha256: string;
}

/** Runtimes that the head can ship, made ready at the first need and kept. */
export interface RuntimeStore {
  /** `machine` as `uname -m` says it; null where the head has none for it. */
  forMachine(machine: string): Promise<ShippedRuntime | null>;
}

/** `uname -m` → Node.js's name for it. */
const architectures: Record<string, string> = {
  x86_64: 'x64',
  amd64: 'x64',
  aarch64: 'arm64',
  arm64: 'arm64',
};

/** The command that gives the head a runtime for another machine. */
export function runtimeInstallCommand(machine: string): string | null {
  const architecture = architectures[machine];
  return architecture ? `npm install --no-save node-linux-${architecture}` : null;
}

export interface RuntimeStoreOptions {
  /** The head's own runtime. */
  execPath: string;
  architecture: string;
  platform: string;
  /** Folder of the project, where `node_modules` may hold runtimes for other machines. */
  projectFolder: string;
  /** Where compressed runtimes are kept. */
  cacheFolder: string;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(
    (found) => (found.isFile() ? found.size : null),
    () => null,
  );
}

/** Level 1: 36 and 40 MB differ by less on the wire than the 20 s of CPU that the best level costs. */
async function compress(from: string, to: string): Promise<void> {
  const temporary = `${to}.${process.pid}.tmp`;
  try {
    await pipeline(
      createReadStream(from),
      createGzip({ level: 1 }),
      createWriteStream(temporary, { mode: 0o600 }),
    );
    await rename(temporary, to);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Hashing and compressing a runtime takes seconds, once for each machine type. Rejects where the cache cannot be
 * written.
 */
export function createRuntimeStore(options: RuntimeStoreOptions): RuntimeStore {
  const known = new Map<string, Promise<ShippedRuntime | null>>();

  function pathFor(architecture: string): string {
    if (options.platform === 'linux' && architecture === options.architecture) return options.execPath;
    return join(options.projectFolder, 'node_modules', `node-linux-${architecture}`, 'bin', 'node');
  }

  async function prepare(architecture: string): Promise<ShippedRuntime | null> {
    const path = pathFor(architecture);
    const rawBytes = await sizeOf(path);
    if (rawBytes === null) return null;
    const rawSha256 = await hashFile(path);
    const name = `node-${architecture}-${rawSha256.slice(0, 16)}`;
    const gzipPath = join(options.cacheFolder, `${name}.gz`);
    await mkdir(options.cacheFolder, { recursive: true, mode: 0o700 });
    if ((await sizeOf(gzipPath)) === null) await compress(path, gzipPath);
    const gzipBytes = (await stat(gzipPath)).size;
    return { name, gzipPath, gzipBytes, rawBytes, rawSha256 };
  }

  return {
    async forMachine(machine) {
      const architecture = architectures[machine];
      if (!architecture) return null;
      const before = known.get(architecture);
      const kept = await before;
      if (kept && (await sizeOf(kept.gzipPath)) === kept.gzipBytes) return kept;
      // Somebody has cleaned up; of all who find that out, one makes it anew.
      if (known.get(architecture) === before) known.delete(architecture);
      const prepared = known.get(architecture) ?? prepare(architecture);
      known.set(architecture, prepared);
      // A full disk may be mended: the next node asks again.
      prepared.catch(() => known.delete(architecture));
      return prepared;
    },
  };
}
