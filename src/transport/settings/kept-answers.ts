/** Asks once for many, and keeps the answer for a while. */
export interface KeptAnswers<T> {
  get(key: string, ask: () => Promise<T>): Promise<T>;
}

const MAX_KEPT = 10_000;

/** Answers live for `keptMs` milliseconds; failures are told to those who wait, and not kept. */
export function createKeptAnswers<T>(keptMs: number): KeptAnswers<T> {
  const answers = new Map<string, { takenMs: number; answer: Promise<T> }>();
  return {
    get(key, ask) {
      const nowMs = performance.now();
      const kept = answers.get(key);
      if (kept && nowMs - kept.takenMs < keptMs) return kept.answer;
      if (answers.size >= MAX_KEPT) answers.clear();
      const answer = ask();
      answers.set(key, { takenMs: nowMs, answer });
      answer.catch(() => answers.delete(key));
      return answer;
    },
  };
}
