/** Secrets in the arguments of programs are hidden before they leave the node. */

import { createCommandMasker } from './command-masker.ts';
import { maskShapes } from './secret-shapes.ts';

/** Users may make words as long as they like; of all of them a thousand characters are shown. */
const MAX_WORD_LENGTH = 2048;
const MAX_ALL_LENGTH = 8192;
const CUT = '…';

/** A shell's text within a shell's text, and so on. */
const MAX_DEPTH = 3;

/** Cut where a value or a part of it begins, so that no part of a secret is left that nothing knows any more. */
function cutWord(word: string, maxLength: number): string {
  if (word.length <= maxLength) return word;
  let end = maxLength - 1;
  while (end > 0 && !/[\s,;&=:/?"'@]/.test(word.charAt(end - 1))) end--;
  return word.slice(0, Math.max(0, end)) + CUT;
}

/**
 * Masks `--password x`, `TOKEN=x`, `user:x@host` and their kin in argv[1..]; of very long words and lists the rest is
 * cut off. Pure; keeps the number of words, never throws, takes time in proportion to what it is given.
 */
export function maskSecrets(program: string, words: readonly string[]): string[] {
  const masker = createCommandMasker(program === '' ? '-' : program, MAX_DEPTH);
  let room = MAX_ALL_LENGTH;
  return words.map((word) => {
    if (room <= 0) return CUT;
    const kept = cutWord(word, Math.min(MAX_WORD_LENGTH, room));
    room -= kept.length + 1;
    return masker.next(maskShapes(kept));
  });
}
