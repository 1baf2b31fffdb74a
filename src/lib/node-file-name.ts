/** A node's name as part of a file name: one to one, so that no two nodes share a file. */
export function nodeFileName(node: string): string {
  return Array.from(new TextEncoder().encode(node), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9._@:-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}
