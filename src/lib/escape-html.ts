const UNSAFE = /[&<>"'\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
const MARKUP = /[&<>"']/g;

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function spell(character: string): string {
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
}

/** True for nearly all values: they need no change at all. */
export function isPlain(text: string): boolean {
  return !UNSAFE.test(text);
}

/** Control characters and those that turn the direction of writing, made visible; tab and newline stay. */
export function withoutControls(text: string): string {
  return text.replace(INVISIBLE, spell);
}

/** For element content and quoted attributes alike. */
export function escapeHtml(text: string): string {
  return text.replace(MARKUP, (character) => entities[character] ?? character);
}
