/** What most of the texts are; of those that are as many the first by code units. Null without any. */
export function commonest(texts: Iterable<string | null>): string | null {
  const counts = new Map<string, number>();
  for (const text of texts) if (text !== null) counts.set(text, (counts.get(text) ?? 0) + 1);
  let best: { text: string; count: number } | null = null;
  for (const [text, count] of counts) {
    const isBetter = best === null || count > best.count || (count === best.count && text < best.text);
    if (isBetter) best = { text, count };
  }
  return best?.text ?? null;
}
