import type { ToolLoop } from '../../tools/tool-loop.ts';
import { createToolRuns, type ToolRuns } from '../../tools/tool-runs.ts';
import { createPmonParser } from '../nvidia-smi-parse.ts';
import type { SmiTool } from './smi-tool.ts';

/** `nvidia-smi pmon`, which need not run all the time where nobody uses a GPU. */
export interface Pmon {
  /** From now on it runs: there is somebody that it can tell of. */
  start(): void;
  /** Until then a look now and then finds whether there is. */
  startLooks(): void;
  /** Looked at with every reading, so that a look that hangs is ended. */
  watch(): void;
  /** Ends the looks; the loop is ended with the others. */
  stop(): void;
}

const LOOK_EVERY_MS = 60_000;

/** Nothing runs until one of the two is started. */
export function createPmon(tool: SmiTool, loop: ToolLoop): Pmon {
  const looks = createLooks(tool, start);
  let isStarted = false;
  let areLooksStarted = false;

  function start(): void {
    if (isStarted) return;
    isStarted = true;
    looks.stop();
    loop.start();
  }

  return {
    start,
    startLooks() {
      if (areLooksStarted || isStarted) return;
      areLooksStarted = true;
      looks.start(LOOK_EVERY_MS);
    },
    watch: () => void looks.state(),
    stop: looks.stop,
  };
}

/** Who only draws is in no query. */
function createLooks(tool: SmiTool, onFound: () => void): ToolRuns {
  return createToolRuns({
    ...tool,
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
