// Ways to a node and back: .scroll-to links and .scroll-to-top, below a bar of data-top-offset pixels. Nodes out of
// sight are empty until they come into sight, so that the way to a far one changes its length while it is gone.

const SETTLE_MS = 2_000;
const reduced = matchMedia('(prefers-reduced-motion: reduce)');
let settling = 0;

/**
 * What stays at the top, and what the style keeps free below that.
 * @param {HTMLElement} target
 */
const offset = (target) =>
  Math.max(
    Number(document.body.dataset.topOffset) || 0,
    Number.parseFloat(getComputedStyle(target).scrollMarginTop) || 0,
  );

/** @param {HTMLElement} target */
const distanceTo = (target) => target.getBoundingClientRect().top - offset(target);

/** @param {string} hash */
function targetOf(hash) {
  try {
    return hash.startsWith('#') ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
  } catch {
    return null;
  }
}

/**
 * Keeps the target where it belongs while what is above it gets its height, unless the reader moves.
 * @param {HTMLElement} target
 */
function settle(target) {
  const own = ++settling;
  const until = performance.now() + SETTLE_MS;
  const step = () => {
    if (own !== settling || performance.now() > until || !target.isConnected) return;
    if (Math.abs(distanceTo(target)) > 1) scrollBy({ top: distanceTo(target), behavior: 'instant' });
    requestAnimationFrame(step);
  };
  step();
}

/** @param {HTMLElement} target */
function goTo(target) {
  const isNear = Math.abs(distanceTo(target)) < 2 * innerHeight;
  if (isNear && !reduced.matches) scrollBy({ top: distanceTo(target), behavior: 'smooth' });
  else settle(target);
}

/**
 * Who goes on by keyboard goes on there.
 * @param {HTMLElement | null} target
 */
function moveFocus(target) {
  if (!target) return;
  if (target.tabIndex < 0) target.setAttribute('tabindex', '-1');
  target.focus({ preventScroll: true });
}

function goToTop() {
  scrollTo({ top: 0, behavior: reduced.matches ? 'auto' : 'smooth' });
  moveFocus(document.querySelector('#title a'));
}

/** @param {MouseEvent} event */
function onClick(event) {
  const link = event.target instanceof Element ? event.target.closest('.scroll-to, .scroll-to-top') : null;
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const hash = link.getAttribute('href') ?? '';
  const isToTop = link.classList.contains('scroll-to-top');
  const target = isToTop ? null : targetOf(hash);
  if (!isToTop && !target) return;
  event.preventDefault();
  if (!target) {
    goToTop();
    return;
  }
  goTo(target);
  history.replaceState(history.state, '', hash);
  moveFocus(target);
}

function settleAtHash() {
  const target = targetOf(location.hash);
  if (target) settle(target);
}

export function startScrolling() {
  for (const type of ['wheel', 'touchstart', 'pointerdown', 'keydown'])
    addEventListener(type, () => settling++, { passive: true, capture: true });
  document.addEventListener('click', onClick);
  addEventListener('hashchange', settleAtHash);
  settleAtHash();
}
