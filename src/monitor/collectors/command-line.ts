import { cutText } from '../../lib/cut-text.ts';
import { maskSecrets } from '../../lib/secrets/mask-secrets.ts';
import { MAX_ARGUMENTS_LENGTH } from '../../protocol/constants.ts';

/**
 * Bytes of a command line that are read at all, and characters of one word that are looked at. Users make both as
 * long as they like. A word is looked at further than it is shown, so that a secret which begins within the shown
 * part is seen to its end.
 */
export const MAX_COMMAND_LINE_BYTES = 16 * 1024;
const MAX_WORD_LENGTH = 4 * MAX_ARGUMENTS_LENGTH;
const MAX_NAME_LENGTH = 256;

/**
 * Program name and masked arguments out of `/proc/PID/cmdline`. A kernel thread has none: its name
 * stands in brackets. A program that set its own title has it all in one word, cut at the first blank.
 */
export function describeCommand(
  cmdline: string | null,
  kernelName: string,
): { command: string; arguments: string | null } {
  if (cmdline === null) return { command: kernelName, arguments: null };
  const words = withoutTrailingNulls(cutText(cmdline, MAX_COMMAND_LINE_BYTES)).split('\0');
  const first = words[0] ?? '';
  if (first === '' && words.length === 1) return { command: `[${kernelName}]`, arguments: '' };
  const [program = '', ...titleWords] = words.length === 1 ? first.split(' ') : [first];
  const rest = words.length === 1 ? titleWords : words.slice(1);
  const command = baseName(program);
  const short = rest.map((word) => cutText(word, MAX_WORD_LENGTH));
  return { command, arguments: cutText(maskSecrets(command, short).join(' '), MAX_ARGUMENTS_LENGTH) };
}

/** Programs that set a title leave them behind it. A pattern would look from each of them to the end anew. */
export function withoutTrailingNulls(text: string): string {
  let length = text.length;
  while (length > 0 && text.charCodeAt(length - 1) === 0) length--;
  return text.slice(0, length);
}

function baseName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return cutText(name === '' ? path : name, MAX_NAME_LENGTH);
}
