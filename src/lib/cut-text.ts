/**
 * The first `maxLength` characters. A copy where something is cut off: V8's slices keep the whole text alive,
 * so that a hundred kept characters could hold a megabyte.
 */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return Buffer.from(text.slice(0, maxLength), 'utf16le').toString('utf16le');
}
