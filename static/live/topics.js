// What is live beside rows: other parts of the page ask for it by events, and get it by events (page/events.d.ts).

/** @import { TopicChange } from '../../src/web/wire.ts' */

/**
 * The version up to which each is here.
 * @type {Map<string, number>}
 */
export const topics = new Map();

/**
 * Calls `listener` when others are wanted.
 * @param {() => void} listener
 */
export function watchTopics(listener) {
  document.addEventListener('rollcall:want', ({ detail: topic }) => {
    topics.set(topic, 0);
    listener();
  });
  document.addEventListener('rollcall:leave', ({ detail: topic }) => {
    topics.delete(topic);
    listener();
  });
}

/**
 * @param {TopicChange} change
 * @param {number} version
 */
export function applyTopic({ topic, value }, version) {
  if (!topics.has(topic)) return;
  topics.set(topic, version);
  document.dispatchEvent(new CustomEvent(`rollcall:${topic.split(' ')[0]}`, { detail: value }));
}
