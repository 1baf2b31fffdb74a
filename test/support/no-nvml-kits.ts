/** For a monitor that meets no NVML. */
export const noNvmlKits = { x64: null, arm64: null };
