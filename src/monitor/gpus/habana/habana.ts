import type { Leash } from '../../leash.ts';
import type { System } from '../../system.ts';
import type { GpuProvider } from '../provider.ts';
import { createLoopProvider, secondsStepMs } from '../tools/loop-provider.ts';
import { createHlSmiParser, HL_BASIC_FIELDS, HL_FIELDS } from './hl-smi-parse.ts';

/** Habana's Gaudi: `hl-smi` prints its query anew every few seconds. Its processes are told to root alone. */
export function createHabanaProvider(system: System, leash: Leash): GpuProvider {
  const parser = createHlSmiParser();
  return createLoopProvider({
    system,
    leash,
    vendor: 'Habana',
    tool: 'hl-smi',
    program: system.findProgram('hl-smi'),
    remedy: 'try `hl-smi` on the node',
    stepMs: secondsStepMs,
    pciVendors: ['0x1da3'],
    // A release that does not know one of the fields refuses all of them: every other try asks for less.
    args(stepMs, unanswered) {
      const fields = unanswered % 2 === 0 ? HL_FIELDS : HL_BASIC_FIELDS;
      return [`--query-aip=${fields.join(',')}`, '--format=csv,nounits', '-l', String(stepMs / 1_000)];
    },
    takeLine(line, book, atMs) {
      const row = parser.read(line);
      if (row === null) return false;
      book.take(row, atMs);
      return true;
    },
    trouble: parser.trouble,
  });
}
