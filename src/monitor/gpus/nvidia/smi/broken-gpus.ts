import { createToolRuns } from '../../tools/tool-runs.ts';
import { listNvidiaGpus } from '../nvidia-proc.ts';
import { type BrokenGpu, parseBrokenGpu, parseGpuLine } from '../nvidia-smi-parse.ts';
import { CSV_FORMAT, QUERY_GPU, type SmiTool } from './smi-tool.ts';

/** The GPUs that the tool could not open. */
export interface BrokenGpus {
  /** Looks whether a line tells of one. */
  takeLine(line: string): void;
  /** The tool's words about the GPU at an address. */
  errorOf(pciAddress: string): string | undefined;
  /** Arguments that name all the others; none while no GPU is broken. */
  selection(): string[];
  /** Tries each again, now and then. */
  start(): void;
  /** Looked at with every reading, so that a try that hangs is ended. */
  watch(): void;
  stop(): void;
}

/** How often GPUs are tried that the tool could not open: a reset may have mended them. */
const RETRY_BROKEN_MS = 300_000;

/** Remembers them by address. `onMended`: one answers again, and the loops are to ask for it too. */
export function createBrokenGpus(tool: SmiTool, onMended: () => void): BrokenGpus {
  const { system } = tool;
  const broken = new Map<string, string>();

  // Beside the loops, so that a GPU that is still broken, or hangs, takes nothing from the others.
  const retries = createToolRuns({
    ...tool,
    questions: () =>
      Array.from(broken.keys(), (address) => ({
        args: [QUERY_GPU, CSV_FORMAT, `--id=${address}`],
        take: (text) => text.split('\n').some((line) => parseGpuLine(line) !== null) && restore(address),
        isOptional: true,
      })),
  });

  function restore(address: string): boolean {
    broken.delete(address);
    onMended();
    return true;
  }

  /** The tool counts by PCI address, as the kernel module's list is sorted. */
  function note({ index, pciAddress, error }: BrokenGpu): void {
    const address = pciAddress ?? listNvidiaGpus(system)[index ?? -1]?.pciAddress;
    if (address !== undefined) broken.set(address, error);
  }

  return {
    takeLine(line) {
      const trouble = parseBrokenGpu(line);
      if (trouble) note(trouble);
    },
    errorOf: (pciAddress) => broken.get(pciAddress),
    // The tool gives up altogether when one GPU cannot be opened; the others are then named one by one.
    selection() {
      if (broken.size === 0) return [];
      const healthy = listNvidiaGpus(system).filter((gpu) => !broken.has(gpu.pciAddress));
      return healthy.length === 0 ? [] : [`--id=${healthy.map((gpu) => gpu.pciAddress).join(',')}`];
    },
    start: () => retries.start(RETRY_BROKEN_MS),
    watch: () => void retries.state(),
    stop: retries.stop,
  };
}
