/**
 * Characters that nobody sees or that change what others mean: controls, halves of surrogate pairs, ends of lines and
 * paragraphs, whatever turns the direction of writing, and formats without a width (soft hyphens, zero width spaces and
 * joiners, variation selectors, tags). Tab and newline are apart: HTML shows them as blanks.
 */
const UNSEEN =
  '\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e' +
  '\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff9-\\ufffb' +
  '\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}\\p{Cs}';

const unseen = new RegExp(`[${UNSEEN}]`, 'gu');
const unseenOrBlank = new RegExp(`[${UNSEEN}\\t\\n]`, 'gu');

function spell(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/**
 * What nobody would see, as `\xNN` and `\uNNNN`, so that text from a node cannot steer a terminal, forge a line or pass
 * for another text. What comes out stays as it is when it goes in again.
 */
export function visibleText(text: string): string {
  return text.replace(unseenOrBlank, spell);
}

/** The same where tab and newline do no harm. */
export function withoutControls(text: string): string {
  return text.replace(unseen, spell);
}
