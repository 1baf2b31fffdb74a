const mayBeginWithMinus: Readonly<Record<string, string>> = {
  '-q': '--query',
  '--query': '--query',
  '--sort': '--sort',
};

/** A search and an order may begin with a minus, which would be taken for an option: such values are tied to theirs. */
export function tieValues(words: readonly string[]): string[] {
  const tied: string[] = [];
  for (const word of words) {
    const before = mayBeginWithMinus[tied.at(-1) ?? ''];
    if (before !== undefined && /^-[^-]/.test(word)) tied[tied.length - 1] = `${before}=${word}`;
    else tied.push(word);
  }
  return tied;
}
