const DIGITS_SHOWN = 20;

/** A text that sorts as people count: gpu2 before gpu10, whatever the case. Made once per row, compared with `<`. */
export function naturalKey(text: string): string {
  return text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(DIGITS_SHOWN, '0'));
}
