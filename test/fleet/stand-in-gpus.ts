import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeRoot, writeNodeFile } from './accounts.ts';
import type { Fleet } from './fleet.ts';

const standIn = fileURLToPath(new URL('../stand-ins/nvidia-smi', import.meta.url));
const FOLDER = 'usr/local/bin';

/** Gives a node GPUs with these processes on the first one; a monitor that starts afterwards finds them. */
export function placeOnGpu(node: number, pids: readonly number[], count = 1): void {
  const gpus = Array.from({ length: count }, (_, index) => ({
    index,
    uuid: `GPU-${index}`,
    'pci.bus_id': `00000000:${index + 1}0:00.0`,
    name: 'NVIDIA H100 80GB HBM3',
  }));
  const processes = pids.map((pid) => ({ gpu: 0, pid, memoryMiB: 512, sm: 40 }));
  writeNodeFile(node, `/${FOLDER}/scenario.json`, JSON.stringify({ gpus, processes }));
  copyFileSync(standIn, join(nodeRoot(node), FOLDER, 'nvidia-smi'));
}

export async function takeGpuAway(fleet: Fleet, node: number): Promise<void> {
  await fleet.exec(node, `rm -f /${FOLDER}/nvidia-smi /${FOLDER}/scenario.json`);
}
