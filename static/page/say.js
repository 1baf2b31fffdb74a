// Tells the other parts of the page something: page/events.d.ts lists what.

/**
 * @template {keyof DocumentEventMap} Name
 * @param {Name} name
 * @param {DocumentEventMap[Name] extends CustomEvent<infer Detail> ? Detail : undefined} detail
 */
export function say(name, detail) {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}
