/** Quotes one word for a POSIX shell; plain words stay as they are, so that hints stay readable. */
export function shellQuote(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Joins words to a command line that a POSIX shell splits into the same words. */
export function shellCommand(words: readonly string[]): string {
  return words.map(shellQuote).join(' ');
}
