// Smooth ways to a node and back: .scroll-to links and .scroll-to-top, below a bar of data-top-offset pixels.
(() => {
  const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';

  function targetOf(link) {
    const hash = link.getAttribute('href') ?? '';
    return hash.startsWith('#') ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
  }

  /** Who goes on by keyboard goes on there. */
  function moveFocus(target) {
    if (!target) return;
    if (target.tabIndex < 0) target.setAttribute('tabindex', '-1');
    target.focus({ preventScroll: true });
  }

  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('.scroll-to, .scroll-to-top') : null;
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const toTop = link.classList.contains('scroll-to-top');
    const target = toTop ? document.documentElement : targetOf(link);
    if (!target) return;
    event.preventDefault();
    const offset = Number(document.body.dataset.topOffset) || 0;
    const top = toTop ? 0 : target.getBoundingClientRect().top + scrollY - offset;
    scrollTo({ top, behavior });
    moveFocus(toTop ? document.querySelector('#title a') : target);
    if (!toTop) history.replaceState(null, '', link.getAttribute('href'));
  });
})();
