import { expect, it } from 'vitest';
import { parseMessage } from '../protocol/messages.ts';
import { briefGpus } from './gpu-brief.ts';

const GIB = 1024 ** 3;
const report = { ok: true, ms: 1 };
const sample = {
  type: 'sample',
  sequence: 1,
  takenAtMs: 1,
  intervalMs: 1000,
  collectors: Object.fromEntries(
    ['cpu', 'memory', 'filesystems', 'disks', 'network', 'gpus', 'processes'].map((name) => [name, report]),
  ),
  cpu: null,
  memory: null,
  filesystems: null,
  disks: null,
  network: null,
  processCount: null,
  topProcesses: null,
  jobs: null,
};

it('a GPU is held by a process that computes, or by memory, but not by a display', () => {
  const parsed = parseMessage(
    JSON.stringify({
      ...sample,
      gpus: { index: [0, 1, 2, 3], memoryUsedBytes: [0, 2 * GIB, 2 * GIB, GIB] },
      gpuProcesses: {
        pid: [1, 2, 2],
        gpuIndex: [0, 1, 2],
        type: ['C', 'G', 'G'],
        gpuMemoryBytes: [null, 1.5 * GIB, GIB / 2],
      },
    }),
  );
  if (!parsed.ok || parsed.message.type !== 'sample') throw new Error('not a sample');
  expect(briefGpus(parsed.message)?.held).toEqual([0, 2, 3]);
});
