// Tells people who hear the page what they must know: that a node went down or came back, that the head is out of
// reach. Nothing of figures, and at most once in 30 s.
import { make } from './make.js';

/**
 * @typedef {object} Look
 * @property {Map<string, 'up' | 'down'>} nodes
 * @property {number | null} down how many nodes are down; null where the page does not tell
 * @property {boolean} lost
 */

const LOOK_MS = 2_000;
const REST_MS = 30_000;
const MOST_NAMES = 3;

/** The names of the nodes that the page shows, up or down; those that connect are neither. */
function readNodes() {
  /** @type {Look['nodes']} */
  const nodes = new Map();
  /**
   * @param {Element} element
   * @param {string} name
   */
  const note = ({ classList }, name) => {
    if (classList.contains('unreachable') || classList.contains('stale')) nodes.set(name, 'down');
    else if (classList.contains('live')) nodes.set(name, 'up');
  };
  for (const node of document.querySelectorAll('.node[id]')) note(node, node.id);
  for (const entry of document.querySelectorAll('#tableofcontents a')) {
    const name = entry.querySelector('.name')?.textContent;
    if (name && !nodes.has(name)) note(entry, name);
  }
  return nodes;
}

/**
 * Nodes out of sight are not followed by name; their number is.
 * @returns {Look}
 */
function readAll() {
  const glance = document.getElementById('glance');
  const count = document.querySelector('[data-count="down"] b')?.textContent ?? '0';
  /** @type {HTMLElement | null} */
  const notice = document.querySelector('.stream-lost');
  return {
    nodes: readNodes(),
    down: glance ? Number.parseInt(count, 10) || 0 : null,
    lost: notice?.hidden === false,
  };
}

/**
 * @param {string[]} names
 * @param {string} one
 * @param {string} many
 */
function list(names, one, many) {
  if (names.length === 0) return '';
  const shown = names.slice(0, MOST_NAMES).join(', ');
  const more = names.length - MOST_NAMES;
  return `${shown}${more > 0 ? ` and ${more} more` : ''} ${names.length === 1 ? one : many}.`;
}

/**
 * @param {Look} before
 * @param {Look} now
 */
function wordsFor(before, now) {
  // While the head is out of reach, nodes are as they were.
  if (now.lost) return before.lost ? '' : 'The connection to the head is lost.';
  /** @param {'up' | 'down'} to */
  const turned = (to) =>
    [...now.nodes]
      .filter(([name, state]) => state === to && (before.nodes.get(name) ?? to) !== to)
      .map(([name]) => name);
  const words = [
    before.lost ? 'The head answers again.' : '',
    list(turned('down'), 'went down', 'went down'),
    list(turned('up'), 'is back', 'are back'),
  ].filter((sentence) => sentence !== '');
  if (words.length === 0 && now.down !== null && before.down !== null && now.down !== before.down)
    words.push(now.down === 0 ? 'No node is down any more.' : `Nodes down now: ${now.down}.`);
  return words.join(' ');
}

/**
 * A node that connects is neither up nor down: what it was before counts.
 * @param {Look} before
 * @param {Look} now
 */
function remember(before, now) {
  const nodes = new Map(now.nodes);
  for (const [name, state] of before.nodes)
    if (!nodes.has(name) && document.getElementById(name)) nodes.set(name, state);
  return { ...now, nodes, down: now.down ?? before.down };
}

export function startAnnouncing() {
  const region = make('p', { class: 'unseen announcements', 'aria-live': 'polite' });
  document.body.append(region);
  let said = readAll();
  let saidAt = Number.NEGATIVE_INFINITY;

  function look() {
    if (document.hidden || performance.now() - saidAt < REST_MS) return;
    const now = readAll();
    const words = wordsFor(said, now);
    if (words !== '') {
      region.textContent = words;
      saidAt = performance.now();
    }
    // What is out of reach tells nothing new of its nodes.
    said = now.lost ? { ...said, lost: true } : remember(said, now);
  }

  setInterval(look, LOOK_MS);
}
