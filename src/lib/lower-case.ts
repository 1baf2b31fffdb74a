const LONGEST_KEPT = 48;
const MOST_KEPT = 20_000;

const kept = new Map<string, string>();

/** A text in lower case. Names of users, models and jobs come again with every sample: short texts are kept. */
export function lowerCase(text: string): string {
  if (text.length > LONGEST_KEPT) return text.toLowerCase();
  const known = kept.get(text);
  if (known !== undefined) return known;
  if (kept.size >= MOST_KEPT) kept.clear();
  const lower = text.toLowerCase();
  kept.set(text, lower);
  return lower;
}
