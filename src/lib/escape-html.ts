import { withoutControls } from './visible-text.ts';

/** Markup, controls, and all beyond ASCII: the cheap look. */
const NOT_PLAIN = /[&<>"'\u0000-\u0008\u000b-\u001f\u007f-\uffff]/;
const HAS_MARKUP = /[&<>"']/;
const MARKUP = /[&<>"']/g;

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** True for nearly all values: they need no change at all. */
export function isPlain(text: string): boolean {
  return !NOT_PLAIN.test(text) || (!HAS_MARKUP.test(text) && withoutControls(text) === text);
}

/** For element content and quoted attributes alike. */
export function escapeHtml(text: string): string {
  return text.replace(MARKUP, (character) => entities[character] ?? character);
}
