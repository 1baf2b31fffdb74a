// Colours of the usage bars from data-ub-color1..3 on the body: up to 60 %, above 60 %, above 90 %. A classic script,
// because it works in a design that is opened from disk too, where browsers load no module.
(() => {
  function start() {
    for (const number of ['1', '2', '3']) {
      const color = document.body.getAttribute(`data-ub-color${number}`);
      if (color) document.body.style.setProperty(`--ub-color${number}`, color);
    }
    // Sample content, opened from disk, says the width only.
    for (const bar of document.querySelectorAll('.usagebar > span:not([class])')) {
      if (!(bar instanceof HTMLElement)) continue;
      const percent = Number.parseFloat(bar.style.width);
      if (percent > 60) bar.className = percent > 90 ? 'full' : 'high';
    }
  }
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
})();
