/** Processors that NVML is read on. No zod: the monitor uses this too. */
export const nvmlArchitectures = ['x64', 'arm64'] as const;
export type NvmlArchitecture = (typeof nvmlArchitectures)[number];
