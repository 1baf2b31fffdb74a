/** The words of a text for a shell, as they stand there. */

/** Every character belongs to one of: blanks, operators, a word. The alternatives of a word begin differently. */
const TOKEN =
  /[^\S\n]+|[\n;&|()`]+|(?:[<>]+&?|\\[\s\S]?|'[^']*'?|"(?:\\[\s\S]|[^"\\])*"?|[^\s;&|()`<>'"\\])+/g;

/** Blanks, operators and words of a shell's text; joined they are the text again. Callers cut it first. */
export const shellTokens = (text: string): string[] => text.match(TOKEN) ?? [];

/** Blanks between two words; line ends are operators. */
export const isGap = (token: string): boolean => /^[^\S\n]/.test(token);

/** What ends a command: the next word is the name of another one. */
export const isOperator = (token: string): boolean => /^[\n;&|()`]/.test(token);

/** The quote that is around all of a word; empty where there is none. */
export function wrappingQuote(word: string): string {
  const quote = word.charAt(0);
  if (word.length < 2 || !word.endsWith(quote)) return '';
  if (quote === "'") return word.indexOf("'", 1) === word.length - 1 ? quote : '';
  return /^"(?:\\[\s\S]|[^"\\])*"$/.test(word) ? quote : '';
}
