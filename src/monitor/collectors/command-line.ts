import { maskSecrets } from '../../lib/mask-secrets.ts';
import { MAX_ARGUMENTS_LENGTH } from '../../protocol/constants.ts';

/**
 * Program name and masked arguments out of `/proc/PID/cmdline`. A kernel thread has none: its name
 * stands in brackets. A program that set its own title has it all in one word, cut at the first blank.
 */
export function describeCommand(
  cmdline: string | null,
  kernelName: string,
): { command: string; arguments: string | null } {
  if (cmdline === null) return { command: kernelName, arguments: null };
  const words = cmdline.replace(/\0+$/, '').split('\0');
  const first = words[0] ?? '';
  if (first === '' && words.length === 1) return { command: `[${kernelName}]`, arguments: '' };
  const [program = '', ...titleWords] = words.length === 1 ? first.split(' ') : [first];
  const rest = words.length === 1 ? titleWords : words.slice(1);
  const command = baseName(program);
  return { command, arguments: maskSecrets(command, rest).join(' ').slice(0, MAX_ARGUMENTS_LENGTH) };
}

function baseName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (name === '' ? path : name).slice(0, 256);
}
