/** See `src/monitor/nvml/kit-file.ts`. */
export function makeKit(helperSource: Buffer, addon: Buffer, quality?: number): Buffer;
export function writeNvmlKits(root: string, helperSource: Buffer): void;
