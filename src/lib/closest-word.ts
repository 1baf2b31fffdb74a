const LONGEST = 40;
const MOST_EDITS = 2;

/** Letters to add, leave out, change or swap with their neighbour. */
function edits(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  const cost = (row: number, column: number) => rows[row]?.[column] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      row[j] = Math.min(cost(i - 1, j) + 1, cost(i, j - 1) + 1, cost(i - 1, j - 1) + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(cost(i, j), cost(i - 2, j - 2) + 1);
    }
  }
  return cost(a.length, b.length);
}

/** The words that somebody may have meant, the likeliest first; none where none is near. */
export function closestWords(written: string, words: readonly string[]): string[] {
  const text = written.toLowerCase();
  if (text === '' || text.length > LONGEST) return [];
  const begun = text.length >= 2 ? words.filter((word) => word.startsWith(text)) : [];
  const near = words
    .map((word) => ({ word, count: edits(text, word) }))
    .filter(({ word, count }) => count <= Math.min(MOST_EDITS, Math.floor(word.length / 2)))
    .sort((a, b) => a.count - b.count);
  return [...new Set([...begun, ...near.map(({ word }) => word)])];
}

/** The word that somebody probably meant; null where none is near. */
export const closestWord = (written: string, words: readonly string[]): string | null =>
  closestWords(written, words)[0] ?? null;
