import type { Leash } from '../../leash.ts';
import type { System } from '../../system.ts';
import { createToolRuns, type ToolRuns } from '../tools/tool-runs.ts';
import { createPmonParser } from './nvidia-smi-parse.ts';

export const PMON_LOOK_EVERY_MS = 60_000;

/**
 * Who only draws is in no query: a look now and then finds whether there is anybody for `nvidia-smi pmon` to tell of,
 * which need not run all the time where nobody uses a GPU.
 */
export function createPmonLooks(
  system: System,
  leash: Leash,
  program: string,
  onFound: () => void,
): ToolRuns {
  return createToolRuns({
    system,
    leash,
    program,
    questions: () => [
      {
        args: ['pmon', '-s', 'um', '-c', '1'],
        take(text) {
          const parse = createPmonParser();
          if (text.split('\n').some((line) => parse(line) !== null)) onFound();
          return true;
        },
        isOptional: true,
      },
    ],
  });
}
