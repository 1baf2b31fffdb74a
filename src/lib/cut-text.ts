/**
 * The first `maxLength` characters. A copy where something is cut off: V8's slices keep the whole text alive,
 * so that a hundred kept characters could hold a megabyte. A pair of surrogates is not cut apart: half of one is no
 * text, and `encodeURIComponent` throws at it.
 */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const isHigh = (code: number) => code >= 0xd800 && code < 0xdc00;
  const end = isHigh(text.charCodeAt(maxLength - 1)) ? maxLength - 1 : maxLength;
  return Buffer.from(text.slice(0, end), 'utf16le').toString('utf16le');
}
