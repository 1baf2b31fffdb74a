// Makes what the head ships to nodes with NVML: dist/nvml-ARCHITECTURE.kit, which src/monitor/nvml/kit-file.ts
// describes. npm installs koffi's addon for this machine only; the other one is fetched once and checked against
// package-lock.json. Without it nodes of that architecture are read through nvidia-smi.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { slimAddon } from './slim-addon.mjs';

/** 135 KB; the best level saves 14 KB and takes 4 s. */
const QUALITY = 9;
const architectures = ['x64', 'arm64'];

export function writeNvmlKits(root, helperSource) {
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  for (const architecture of architectures) {
    const name = `@koromix/koffi-linux-${architecture}`;
    const kit = join(root, 'dist', `nvml-${architecture}.kit`);
    try {
      const addon = readAddon(root, name, architecture, locked[`node_modules/${name}`]);
      writeFileSync(`${kit}.new`, makeKit(helperSource, addon));
      renameSync(`${kit}.new`, kit);
    } catch (error) {
      rmSync(kit, { force: true });
      console.log(
        `no NVML helper for ${architecture}, such nodes are read through nvidia-smi: ${firstLine(error)}`,
      );
    }
  }
}

const firstLine = (error) => String(error.message).split('\n')[0];

function readAddon(root, name, architecture, { version, integrity }) {
  const file = join(`linux_${architecture}`, 'koffi.node');
  const installed = join(root, 'node_modules', name, file);
  if (existsSync(installed)) return readFileSync(installed);
  const kept = join(root, 'dist', 'addons', `koffi-${version}-${architecture}.node`);
  if (!existsSync(kept)) fetchAddon(`${name}@${version}`, integrity, file, kept);
  return readFileSync(kept);
}

function fetchAddon(packageName, integrity, file, kept) {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-addon-'));
  try {
    const words = ['pack', packageName, '--silent', '--fetch-retries=0', '--fetch-timeout=20000'];
    const archive = execFileSync('npm', words, {
      cwd: folder,
      timeout: 60_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const path = join(folder, archive.toString().trim().split('\n').at(-1));
    const hash = `sha512-${createHash('sha512').update(readFileSync(path)).digest('base64')}`;
    if (hash !== integrity) throw new Error(`${packageName} is not what package-lock.json names`);
    execFileSync('tar', ['-xzf', path, '-C', folder, `package/${file}`]);
    mkdirSync(join(kept, '..'), { recursive: true });
    writeFileSync(`${kept}.new`, readFileSync(join(folder, 'package', file)));
    renameSync(`${kept}.new`, kept);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function makeKit(helperSource, addon, quality = QUALITY) {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(helperSource.length);
  return brotliCompressSync(Buffer.concat([length, helperSource, slimAddon(addon)]), {
    params: { [constants.BROTLI_PARAM_QUALITY]: quality },
  });
}
