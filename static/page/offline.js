// The page that stands in while the head is away: names its address, asks again, and gives way as soon as it answers.

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;
const ANSWER_LIMIT_MS = 10_000;

let waitMs = FIRST_WAIT_MS;
let attempts = 0;
let timer = setTimeout(ask, FIRST_WAIT_MS);

/**
 * @param {string} selector
 * @param {string} text
 */
function write(selector, text) {
  const element = document.querySelector(selector);
  if (element) element.textContent = text;
}

async function doesAnswer() {
  try {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    return (await fetch('/healthz', { cache: 'no-store', signal })).ok;
  } catch {
    return false;
  }
}

async function ask() {
  clearTimeout(timer);
  if (await doesAnswer()) {
    location.reload();
    return;
  }
  attempts += 1;
  const times = attempts === 1 ? 'once' : `${attempts} times`;
  write('[data-attempts]', `Asked ${times}, again in ${Math.round(waitMs / 1000)} s.`);
  timer = setTimeout(ask, waitMs);
  waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs);
}

function askNow() {
  waitMs = FIRST_WAIT_MS;
  ask();
}

write('[data-address]', location.origin);
document.querySelector('[data-retry]')?.addEventListener('click', askNow);
window.addEventListener('online', askNow);
document.addEventListener('visibilitychange', () => document.hidden || askNow());
