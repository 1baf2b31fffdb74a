import { cutText } from '../../lib/cut-text.ts';
import { maskSecrets } from '../../lib/mask-secrets.ts';
import { MAX_ARGUMENTS_LENGTH } from '../../protocol/constants.ts';

/** Users make command lines of megabytes; what masking reads of them is less than half of this. */
const MAX_READ_LENGTH = 32 * 1024;

/**
 * Program name and masked arguments out of `/proc/PID/cmdline`. A kernel thread has none: its name
 * stands in brackets. A program that set its own title has it all in one word, cut at the first blank.
 */
export function describeCommand(
  cmdline: string | null,
  kernelName: string,
): { command: string; arguments: string | null } {
  if (cmdline === null) return { command: kernelName, arguments: null };
  const words = withoutLastNuls(cutText(cmdline, MAX_READ_LENGTH)).split('\0');
  const first = words[0] ?? '';
  if (first === '' && words.length === 1) return { command: `[${kernelName}]`, arguments: '' };
  const [program = '', ...titleWords] = words.length === 1 ? first.split(' ') : [first];
  const rest = words.length === 1 ? titleWords : words.slice(1);
  const command = baseName(program);
  return { command, arguments: cutText(maskSecrets(command, rest).join(' '), MAX_ARGUMENTS_LENGTH) };
}

/** Of a command line; a pattern for it takes quadratic time where many stand in the middle. */
export function withoutLastNuls(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--;
  return text.slice(0, end);
}

function baseName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (name === '' ? path : name).slice(0, 256);
}
