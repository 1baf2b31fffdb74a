const PLAIN = /^[\u0020-\u007e]*$/;

/**
 * What a terminal obeys or nobody sees: controls, marks of direction, characters without width, halves of surrogate
 * pairs, all blanks but the plain one, and hyphens that look like the plain one.
 */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2010\u2011\u2800]|(?! )\p{Zs}/gu;

/** Scripts in which the joiners change how letters look. */
const JOINING =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const PICTURE_BEFORE = /[\p{Extended_Pictographic}\p{Emoji_Modifier}]\ufe0f?$/u;
const PICTURE_BEHIND = /^\p{Extended_Pictographic}/u;
const KEY_BEFORE = /[\d#*]$/;

/** Joiners and variation selectors that belong to a picture or a letter: without them it would be another one. */
function isPartOfSign(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 3), at);
  const behind = text.slice(at + 1, at + 3);
  switch (text[at]) {
    case '\ufe0e':
    case '\ufe0f':
      return (
        /[\p{Extended_Pictographic}\p{Emoji_Modifier}]$/u.test(before) ||
        (KEY_BEFORE.test(before) && behind.startsWith('\u20e3'))
      );
    case '\u200d':
      if (PICTURE_BEFORE.test(before) && PICTURE_BEHIND.test(behind)) return true;
      return isBetweenJoining(before, behind);
    case '\u200c':
      return isBetweenJoining(before, behind);
    default:
      return false;
  }
}

function isBetweenJoining(before: string, behind: string): boolean {
  return JOINING.test(before.slice(-1)) && JOINING.test(behind.slice(0, 1));
}

function written(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, '0')}`;
  return code > 0xffff ? `\\u{${digits}}` : `\\u${digits.padStart(4, '0')}`;
}

/**
 * Control characters as `\xNN`, and others that nobody sees or that turn the direction of writing as `\uNNNN`, so that
 * text from a node cannot steer a terminal, forge a line or look like another text. Emoji and the letters of all scripts
 * stay. What comes out stays as it is when it goes in again.
 */
export function visibleText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(HIDDEN, (character, at: number) =>
    isPartOfSign(text, at) ? character : written(character),
  );
}

/** The same where tab and newline do no harm: HTML shows them as blanks. */
export function withoutControls(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(HIDDEN, (character, at: number) =>
    character === '\t' || character === '\n' || isPartOfSign(text, at) ? character : written(character),
  );
}
