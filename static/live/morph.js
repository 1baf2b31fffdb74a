// Makes one piece of a page like another without replacing it, so that open details, focus and selection survive.

/** @param {string} html */
export function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content;
}

/** @param {Node} node */
const keyOf = (node) => (node instanceof HTMLElement ? node.dataset.key : undefined);

/**
 * @param {Node} a
 * @param {Node} b
 */
const sameKind = (a, b) => a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

/**
 * What a reader opened, and what scripts say of it.
 * @param {Element} element
 * @param {string} name
 */
function isReaders(element, name) {
  if (name === 'open') return element.nodeName === 'DETAILS';
  return element.classList.contains('unfold') && (name === 'role' || name === 'aria-expanded');
}

/**
 * Makes `from` like `to`, which has the same name and is used up.
 * @param {Node} from
 * @param {Node} to
 */
export function morph(from, to) {
  if (!(from instanceof Element) || !(to instanceof Element)) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  for (const { name } of [...from.attributes])
    if (!to.hasAttribute(name) && !isReaders(from, name)) from.removeAttribute(name);
  for (const { name, value } of to.attributes)
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  morphChildren(from, to);
}

/**
 * @param {Element} from
 * @param {Element} to
 */
function morphChildren(from, to) {
  /** @type {ChildNode | null} */
  let at = from.firstChild;
  for (const child of [...to.childNodes]) {
    const match = findMatch(at, child);
    if (!match) {
      from.insertBefore(child, at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else from.insertBefore(match, at);
    morph(match, child);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

/**
 * Rows with a key are found wherever they are now; others near by, so that they do not slip onto each other.
 * @param {ChildNode | null} at
 * @param {Node} child
 */
function findMatch(at, child) {
  let far = keyOf(child) === undefined ? 4 : Number.POSITIVE_INFINITY;
  for (let old = at; old && far > 0; old = old.nextSibling) {
    if (sameKind(old, child)) return old;
    far -= 1;
  }
  return null;
}
