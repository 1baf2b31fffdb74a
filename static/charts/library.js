// What draws: uPlot, which is no module, and the styles. Loaded once, and only where there is something to draw.

const SCRIPT = 'uplot/uPlot.iife.min.js';
const STYLES = ['uplot/uPlot.min.css', 'styles/charts.css', 'styles/ranges.css'];

/** @param {string} name below `/static/` */
const addressOf = (name) => new URL(`../${name}`, import.meta.url).href;

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @returns {Promise<void>}
 */
function add(element, name) {
  return new Promise((resolve, reject) => {
    element.addEventListener('load', () => resolve());
    element.addEventListener('error', () => reject(new Error(`${name} could not be loaded`)));
    document.head.append(element);
  });
}

/** @param {string} name */
const addStyle = (name) =>
  add(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: addressOf(name) }), name);

const addScript = () =>
  add(Object.assign(document.createElement('script'), { src: addressOf(SCRIPT) }), SCRIPT);

/** @type {Promise<unknown> | null} */
let library = null;

/** Rejects where something could not be loaded; the next call tries again. */
export function loadLibrary() {
  library ??= Promise.all([...STYLES.map(addStyle), addScript()]);
  library.catch(() => {
    library = null;
  });
  return library;
}
