// The page's theme: chosen here, kept by the browser, the same in all its tabs. Runs before the first paint.
// A `rollcall:theme` event on the document says that colours are other ones now.
(() => {
  const KEY = 'rollcall-theme';
  const CHOICES = ['yellow', 'blue', 'light', 'dark', 'system'];
  const prefersDark = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;

  const known = (choice) => (CHOICES.includes(choice) ? choice : CHOICES[0]);

  /** A browser may refuse to keep anything. */
  function readChoice() {
    try {
      return known(localStorage.getItem(KEY));
    } catch {
      return CHOICES[0];
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
    const meta = document.querySelector('meta[name="theme-color"]');
    if (colour && meta && meta.content !== colour) meta.content = colour;
  }

  function showChoice() {
    for (const chooser of document.querySelectorAll('select[data-theme-chooser]')) chooser.value = choice;
    colourFrame();
  }

  function paint() {
    const theme = choice !== 'system' ? choice : prefersDark.matches ? 'dark' : 'light';
    if (root.dataset.theme === theme) return false;
    root.dataset.theme = theme;
    return true;
  }

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
    if (!(target instanceof Element) || !target.matches('select[data-theme-chooser]')) return;
    take(target.value);
    keepChoice();
  });
})();
