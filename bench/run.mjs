// npm run bench:NAME: compiles bench/NAME.ts as the product is compiled (an interpreter's own doings would be measured
// else) and runs it in the project's folder.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { build } from 'esbuild';

const [name, ...words] = process.argv.slice(2);
await build({
  entryPoints: readdirSync('bench')
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `bench/${file}`),
  outdir: 'dist/bench',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, ['--expose-gc', `dist/bench/${name}.js`, ...words], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
