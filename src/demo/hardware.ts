/** The machines of the demo: 12 nodes with 60 GPUs of mixed models. */
export interface DemoNode {
  name: string;
  gpuModel: string;
  gpuCount: number;
  gpuMemoryMiB: number;
  gpuLimitWatts: number;
  cpuModel: string;
  sockets: number;
  cores: number;
  memoryGiB: number;
  /** What the node is there to show. */
  role: 'busy' | 'mixed' | 'idle' | 'held' | 'lost-gpu' | 'unreachable' | 'cpu';
}

const h100 = {
  gpuModel: 'NVIDIA H100 80GB HBM3',
  gpuCount: 8,
  gpuMemoryMiB: 81_559,
  gpuLimitWatts: 700,
  cpuModel: 'Intel(R) Xeon(R) Platinum 8480C',
  sockets: 2,
  cores: 112,
  memoryGiB: 2048,
};
const a100 = {
  gpuModel: 'NVIDIA A100-SXM4-80GB',
  gpuCount: 8,
  gpuMemoryMiB: 81_920,
  gpuLimitWatts: 400,
  cpuModel: 'AMD EPYC 7742 64-Core Processor',
  sockets: 2,
  cores: 128,
  memoryGiB: 1024,
};
const l40s = {
  gpuModel: 'NVIDIA L40S',
  gpuCount: 4,
  gpuMemoryMiB: 46_068,
  gpuLimitWatts: 350,
  cpuModel: 'AMD EPYC 9354 32-Core Processor',
  sockets: 1,
  cores: 32,
  memoryGiB: 384,
};
const rtx4090 = {
  gpuModel: 'NVIDIA GeForce RTX 4090',
  gpuCount: 2,
  gpuMemoryMiB: 24_564,
  gpuLimitWatts: 450,
  cpuModel: 'AMD Ryzen Threadripper PRO 5975WX 32-Cores',
  sockets: 1,
  cores: 32,
  memoryGiB: 256,
};
const cpuOnly = {
  gpuModel: '',
  gpuCount: 0,
  gpuMemoryMiB: 0,
  gpuLimitWatts: 0,
  cpuModel: 'AMD EPYC 9654 96-Core Processor',
  sockets: 2,
  cores: 192,
  memoryGiB: 1536,
};

export const demoNodes: readonly DemoNode[] = [
  { name: 'h100-01', ...h100, role: 'busy' },
  { name: 'h100-02', ...h100, role: 'mixed' },
  { name: 'a100-01', ...a100, role: 'busy' },
  { name: 'a100-02', ...a100, role: 'lost-gpu' },
  { name: 'a100-03', ...a100, role: 'held' },
  { name: 'l40s-01', ...l40s, role: 'mixed' },
  { name: 'l40s-02', ...l40s, role: 'idle' },
  { name: 'l40s-03', ...l40s, role: 'mixed' },
  { name: 'l40s-04', ...l40s, role: 'unreachable' },
  { name: 'ws-01', ...rtx4090, role: 'mixed' },
  { name: 'ws-02', ...rtx4090, role: 'idle' },
  { name: 'cpu-01', ...cpuOnly, role: 'cpu' },
];

/** Of the node whose role is `lost-gpu`. */
export const LOST_GPU = 5;

/** Whether the GPU at this index has fallen off the bus. */
export const isLostGpu = ({ role }: DemoNode, index: number) => role === 'lost-gpu' && index === LOST_GPU;

/** As NVIDIA's tools write it. */
export const pciAddressOf = (index: number) => `00000000:${(0x10 + index * 8).toString(16)}:00.0`;
