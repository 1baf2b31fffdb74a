import { shellCommand } from '../lib/shell-quote.ts';
import { visibleText } from '../lib/visible-text.ts';
import type { FailedStep } from './check.ts';
import type { Way } from './failure-detail.ts';

/** What is said of a good connection to a node whose GPUs cannot be read. */

interface GpuTool {
  /** Its name, or what else names its vendor where the words do not name the tool. */
  named: RegExp;
  words: readonly string[];
  more?: string;
}

const AMD_GROUPS = 'the user must be in the groups render and video';

/** In the order in which they are told where an error names several. */
const tools: readonly GpuTool[] = [
  {
    named: /nvidia|nvml/i,
    words: ['nvidia-smi'],
    more: 'a driver that was updated needs a reboot or its module loaded anew',
  },
  { named: /\btegrastats\b/, words: ['tegrastats'] },
  { named: /\bamd-smi\b/, words: ['amd-smi', 'metric', '--json'], more: AMD_GROUPS },
  { named: /\brocm-smi\b/, words: ['rocm-smi', '--json', '-a'], more: AMD_GROUPS },
  { named: /\bhy-smi\b|\bHygon\b/, words: ['hy-smi', '--json'] },
  { named: /\bxpu-smi\b|\bIntel\b/, words: ['xpu-smi', 'discovery'] },
  {
    named: /\bnpu-smi\b|\bHuawei\b/,
    words: ['npu-smi', 'info'],
    more: 'the user must be in the group HwHiAiUser',
  },
  { named: /\bhl-smi\b|\bHabana\b/, words: ['hl-smi'] },
];
/** Told where a vendor is named and neither of its tools. */
const amdTool: GpuTool = { named: /\bAMD\b/, words: ['amd-smi', 'metric', '--json'], more: AMD_GROUPS };

const OTHER_HINT = "Run the tool of the GPUs' vendor on the node by hand, as the user of this login.";

function toolsOf(error: string): readonly GpuTool[] {
  const found = tools.filter(({ named }) => named.test(error));
  return found.length === 0 && amdTool.named.test(error) ? [amdTool] : found;
}

/** The step that failed where a monitor says this of its GPUs. Its words are a node's, the command is the head's. */
export function createGpuFailure({ sshWords }: Way, error: string): FailedStep['failure'] {
  const commands = toolsOf(error).map(
    ({ words, more }) => shellCommand([...sshWords, ...words]) + (more === undefined ? '' : ` (${more})`),
  );
  return {
    cause: null,
    message: visibleText(`The GPUs cannot be read: ${error}.`),
    hint: visibleText(commands.length === 0 ? OTHER_HINT : `Try: ${commands.join('; ')}`),
    lastLines: [],
  };
}
