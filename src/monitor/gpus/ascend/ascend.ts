import type { Leash } from '../../leash.ts';
import type { System } from '../../system.ts';
import type { GpuProvider } from '../provider.ts';
import { createRunsProvider } from '../tools/runs-provider.ts';
import { parseNpuSmi } from './npu-smi-parse.ts';

/** Huawei's Ascend NPUs: `npu-smi info` prints boxes for people, and nothing else gives all chips at once. */
export function createAscendProvider(system: System, leash: Leash): GpuProvider {
  return createRunsProvider({
    system,
    leash,
    vendor: 'Huawei',
    tool: 'npu-smi',
    program: system.findProgram('npu-smi'),
    remedy: 'try `npu-smi info` on the node; the user must be in the group HwHiAiUser',
    pciVendors: ['0x19e5'],
    questions: (book, nowMs) => [
      {
        args: ['info'],
        take(text) {
          const answer = parseNpuSmi(text);
          if (answer === null) return false;
          for (const row of answer.rows) book.take(row, nowMs());
          book.takeProcesses(answer.processes);
          return true;
        },
      },
    ],
  });
}
