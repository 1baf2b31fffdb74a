import stringWidth from 'string-width';

const segmenter = new Intl.Segmenter();

/** Columns that a text without control characters takes on a terminal: two for a wide character. */
export const widthOf = (text: string): number => stringWidth(text);

/** A text in so many columns at most, with an ellipsis where something is missing. No character is cut in two. */
export function cutToWidth(text: string, width: number): string {
  if (width <= 0) return '';
  if (width === Number.POSITIVE_INFINITY || widthOf(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += widthOf(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
