// Nodes that are a line each unfold to their whole section, below the line: by a click on it, by Enter or Space on its
// name, and by an address or link with #NODE. What is folded is not asked for. Without this script a name leads to the
// node's own page.
(() => {
  const live = globalThis.rollcallLive;
  if (!live?.canOpen) return;
  const MOST_REMEMBERED = 50;
  const ROW = '.noderows tbody > tr[data-live-row]:not([data-live-row="page"])';

  /** Name → { row, holder, whole }. */
  const open = new Map();

  const nameOf = (row) => row.id;
  const linkOf = (row) => row.querySelector('.unfold');

  /** What a link does now is what a button does. */
  function describe(row) {
    const link = linkOf(row);
    if (!link) return;
    link.setAttribute('role', 'button');
    link.setAttribute('aria-expanded', String(open.has(nameOf(row))));
  }

  function remember() {
    const unfolded = [...open.keys()].slice(-MOST_REMEMBERED);
    history.replaceState({ ...history.state, unfolded }, '');
  }

  function unfold(row) {
    const name = nameOf(row);
    if (name === '' || open.has(name)) return;
    const whole = live.open(row.dataset.liveRow);
    const cell = Object.assign(document.createElement('td'), { colSpan: 99 });
    const holder = Object.assign(document.createElement('tr'), { className: 'unfolded' });
    cell.append(whole);
    holder.append(cell);
    row.after(holder);
    open.set(name, { row, holder, whole });
    describe(row);
    remember();
  }

  function fold(name) {
    const known = open.get(name);
    if (!known) return;
    open.delete(name);
    live.close(known.whole);
    known.holder.remove();
    describe(known.row);
    remember();
  }

  const toggle = (row) => (open.has(nameOf(row)) ? fold(nameOf(row)) : unfold(row));

  function rowNamed(name) {
    const element = document.getElementById(name);
    return element?.matches(ROW) ? element : null;
  }

  function unfoldHash(hash) {
    let name = '';
    try {
      name = decodeURIComponent(hash.slice(1));
    } catch {
      return;
    }
    const row = name && rowNamed(name);
    if (row) unfold(row);
  }

  // --- clicks and keys

  const isPlain = ({ ctrlKey, metaKey, shiftKey, altKey, button = 0 }) =>
    !ctrlKey && !metaKey && !shiftKey && !altKey && button === 0;

  document.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target || !isPlain(event)) return;
    const way = target.closest('a.scroll-to[href^="#"]');
    if (way) unfoldHash(way.getAttribute('href'));
    const row = target.closest(ROW);
    const control = target.closest('a, button, summary');
    // Whoever marks text wants to copy it.
    if (!row || (control && control !== linkOf(row)) || String(getSelection()) !== '') return;
    event.preventDefault();
    toggle(row);
  });

  document.addEventListener('keydown', (event) => {
    const link = event.target instanceof Element ? event.target.closest(`${ROW} .unfold`) : null;
    if (!link || event.key !== ' ' || !isPlain(event)) return;
    event.preventDefault();
    toggle(link.closest('tr'));
  });

  // --- rows that come, move and go

  document.addEventListener('rollcall:row', ({ detail }) => detail.matches(ROW) && describe(detail));
  document.addEventListener('rollcall:order', () => {
    for (const [name, { row, holder }] of open) {
      if (!row.isConnected) fold(name);
      else if (row.nextElementSibling !== holder) row.after(holder);
    }
  });
  document.addEventListener('rollcall:goto', ({ detail }) => unfoldHash(`#${encodeURIComponent(detail)}`));
  window.addEventListener('hashchange', () => unfoldHash(location.hash));

  for (const row of document.querySelectorAll(ROW)) describe(row);
  for (const name of history.state?.unfolded ?? []) {
    const row = rowNamed(name);
    if (row) unfold(row);
  }
  unfoldHash(location.hash);
})();
