const ok = { ok: true, ms: 1 };

/** A sample as it travels, of a node that tells nothing but its processes' number. */
export const bareSample = {
  type: 'sample',
  sequence: 1,
  takenAtMs: 1,
  intervalMs: 1000,
  collectors: { cpu: ok, memory: ok, filesystems: ok, disks: ok, network: ok, gpus: ok, processes: ok },
  cpu: null,
  memory: null,
  filesystems: null,
  disks: null,
  network: null,
  gpus: null,
  gpuProcesses: null,
  processCount: 1,
  topProcesses: null,
};
