// The page's theme: chosen here, kept by the browser, the same in all its tabs. A classic script, because it runs before
// the first paint: modules wait until the page is read. It works from disk too, where browsers load no module.
// A `rollcall:theme` event on the document says that colours are other ones now.
(() => {
  const KEY = 'rollcall-theme';
  const CHOICES = ['yellow', 'blue', 'light', 'dark', 'system'];
  const prefersDark = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;

  /** @param {string | null} choice */
  const known = (choice) => CHOICES.find((name) => name === choice) ?? 'yellow';

  /** A browser may refuse to keep anything. */
  function readChoice() {
    try {
      return known(localStorage.getItem(KEY));
    } catch {
      return known(null);
    }
  }

  function keepChoice() {
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // It holds until the page is left.
    }
  }

  let choice = readChoice();

  /** The browser's own frame takes the colour of the title bar. */
  function colourFrame() {
    const colour = getComputedStyle(root).getPropertyValue('--bar-paper').trim();
    /** @type {HTMLMetaElement | null} */
    const meta = document.querySelector('meta[name="theme-color"]');
    if (colour && meta && meta.content !== colour) meta.content = colour;
  }

  function showChoice() {
    for (const chooser of document.querySelectorAll('select'))
      if (chooser.hasAttribute('data-theme-chooser')) chooser.value = choice;
    colourFrame();
  }

  function paint() {
    const theme = choice !== 'system' ? choice : prefersDark.matches ? 'dark' : 'light';
    if (root.dataset.theme === theme) return false;
    root.dataset.theme = theme;
    return true;
  }

  /** @param {string | null} next */
  function take(next) {
    choice = known(next);
    const changed = paint();
    showChoice();
    if (changed) document.dispatchEvent(new Event('rollcall:theme'));
  }

  paint();
  document.addEventListener('DOMContentLoaded', showChoice);
  // Styles may come after the document.
  window.addEventListener('load', colourFrame);
  // A page that comes back from the browser's memory has missed what other tabs said.
  window.addEventListener('pageshow', ({ persisted }) => persisted && take(readChoice()));
  window.addEventListener('storage', ({ key }) => {
    if (key === KEY || key === null) take(readChoice());
  });
  prefersDark.addEventListener('change', () => take(choice));
  document.addEventListener('change', ({ target }) => {
    if (!(target instanceof HTMLSelectElement) || !target.hasAttribute('data-theme-chooser')) return;
    take(target.value);
    keepChoice();
  });
})();
