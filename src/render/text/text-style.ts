/** How a text for a terminal looks. */
export interface TextStyle {
  /** Columns of the terminal; null where nothing is cut. */
  width: number | null;
  hasColour: boolean;
}

/** For files, pipes and HTTP: all of it, and nothing but text. */
export const plainStyle: TextStyle = { width: null, hasColour: false };

/** What a colour means. Each goes with a word, since many see no colours. Red means trouble. */
export type Tone = 'good' | 'warning' | 'bad' | 'faint' | 'strong';

const codes: Record<Tone, number> = { good: 32, warning: 33, bad: 31, faint: 2, strong: 1 };

/** A text in its colour, which must have no control characters of its own. */
export function paint(text: string, tone: Tone | null, { hasColour }: TextStyle): string {
  if (!hasColour || tone === null || text === '') return text;
  return `\u001b[${codes[tone]}m${text}\u001b[0m`;
}
