import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';
import type { MonitorBundle } from '../../src/transport/bootstrap/monitor-bundle.ts';
import { noNvmlKits } from './no-nvml-kits.ts';

/** Whatever GPU tools, schedulers and container engines this machine has, the monitor finds none. */
const withoutPrograms: Plugin = {
  name: 'without-programs',
  setup({ onLoad }) {
    const contents = 'export const programFolders = () => [];';
    onLoad({ filter: /\/src\/monitor\/program-folders\.ts$/ }, () => ({ contents, loader: 'ts' }));
  },
};

/** The real monitor, for tests that run it on this machine. */
export async function bundleMonitor(): Promise<MonitorBundle> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../src/monitor/main.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node18.15',
    write: false,
    plugins: [withoutPrograms],
  });
  const gzip = gzipSync(outputFiles[0]?.contents ?? '');
  return { build: 'test', gzip, nvmlKits: noNvmlKits };
}
