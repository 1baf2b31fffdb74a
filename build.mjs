// Builds what runs: the command, the threads of a large fleet and of history (their packages stay outside; what a command needs is
// loaded when it is asked for, out of dist/chunks), the monitor (one file, bundled alone), and the helper that reads
// NVML on nodes that have it.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { writeNvmlKits } from './scripts/nvml-kits.mjs';

/** It travels gzipped, at some 40 % of this. */
const MONITOR_LIMIT_BYTES = 164 * 1024;
const root = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
mkdirSync(`${root}/dist`, { recursive: true });

/** What every command loads is bundled: to find and read a dozen packages takes longer than to run them. */
const ofEveryCommand = ['yargs', 'string-width'];
const { dependencies, optionalDependencies } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
const outside = Object.keys({ ...dependencies, ...optionalDependencies })
  .filter((name) => !ofEveryCommand.includes(name))
  .flatMap((name) => [name, `${name}/*`]);

const shared = { absWorkingDir: root, bundle: true, platform: 'node', logLevel: 'warning' };

/** For nodes: one small file without packages. */
const forNodes = {
  ...shared,
  format: 'cjs',
  target: 'node18.15',
  minify: true,
  legalComments: 'none',
};

const monitor = await build({
  ...forNodes,
  entryPoints: ['src/monitor/main.ts'],
  outfile: 'dist/monitor.cjs',
  metafile: true,
});
const helper = await build({ ...forNodes, entryPoints: ['src/monitor/nvml/helper.ts'], write: false });
writeNvmlKits(root, Buffer.from(helper.outputFiles[0].contents));
const foreign = Object.keys(monitor.metafile.inputs).filter((path) => path.includes('node_modules'));
if (foreign.length > 0) throw new Error(`the monitor bundles packages: ${foreign.join(', ')}`);
const beyondAscii = /.{0,30}[^\0-\x7f].{0,10}/.exec(readFileSync(`${root}/dist/monitor.cjs`, 'utf8'));
if (beyondAscii)
  throw new Error(`one letter beyond ASCII doubles the monitor's source in memory: ${beyondAscii[0]}`);
const monitorBytes = statSync(`${root}/dist/monitor.cjs`).size;
if (monitorBytes > MONITOR_LIMIT_BYTES)
  throw new Error(`dist/monitor.cjs has ${monitorBytes} bytes, more than ${MONITOR_LIMIT_BYTES}`);

const command = await build({
  ...shared,
  entryPoints: {
    rollcall: 'src/cli/rollcall.ts',
    'fleet-worker': 'src/fleet/shard-worker.ts',
    'history-worker': 'src/history/worker.ts',
  },
  outdir: 'dist',
  format: 'esm',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  metafile: true,
  target: 'node20',
  external: outside,
  sourcemap: true,
  banner: { js: '#!/usr/bin/env node' },
});
// Only now: until its files were replaced, the command of before could still be called.
for (const name of readdirSync(`${root}/dist/chunks`))
  if (!(`dist/chunks/${name}` in command.metafile.outputs)) rmSync(`${root}/dist/chunks/${name}`);
writeFileSync(
  `${root}/dist/build-id`,
  createHash('sha256')
    .update(readFileSync(`${root}/dist/monitor.cjs`))
    .digest('hex')
    .slice(0, 16),
);
console.log(`built: monitor ${Math.round(monitorBytes / 1024)} KiB`);
