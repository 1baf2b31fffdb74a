import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Every unit test runs as on a machine that has GPU tools, schedulers and container engines of its own, which print
 * rubbish: a test sees only the programs that it put there itself.
 */
const TOOLS = [
  ...[
    'nvidia-smi',
    'amd-smi',
    'rocm-smi',
    'xpu-smi',
    'hl-smi',
    'npu-smi',
    'hy-smi',
    'tegrastats',
    'intel_gpu_top',
  ],
  ...['squeue', 'scontrol', 'qstat', 'oarstat', 'docker', 'podman', 'crictl', 'kubectl'],
];
const RUBBISH = '#!/bin/sh\necho "rubbish { [ , | 1 2 3"\necho "of this machine" >&2\nexit 3\n';

export function setup(): () => void {
  const path = process.env.PATH;
  const folder = mkdtempSync(join(tmpdir(), 'rubbish-programs-'));
  for (const tool of TOOLS) writeFileSync(join(folder, tool), RUBBISH, { mode: 0o755 });
  process.env.PATH = `${folder}:${path}`;
  return () => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  };
}
