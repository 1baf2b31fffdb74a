// What the browser keeps of the heat map, and its room on the page: this much is loaded with every page, so that what
// stands below the map does not move once it comes.
import { keep, recall } from '../page/kept.js';

const OPEN = 'rollcall-heat';
const HEIGHT = 'rollcall-heat-height';

export const HEAT_MAPS = '.heatmap[data-heat]';

/** On a phone it would push all rows out of sight. */
const usual = () => (matchMedia('(max-width: 46em)').matches ? 'closed' : 'open');

export const isMapOpen = () => (recall(OPEN) ?? usual()) !== 'closed';

/** @param {boolean} isOpen */
export const keepMapOpen = (isOpen) => keep(OPEN, isOpen ? 'open' : 'closed');

/** @param {number} height */
export const keepMapHeight = (height) => keep(HEIGHT, String(height));

/** As high as last time. */
export function keepRoom() {
  if (!isMapOpen()) return;
  for (const root of document.querySelectorAll(HEAT_MAPS))
    if (root instanceof HTMLElement) root.style.minHeight = `${Number(recall(HEIGHT)) || 0}px`;
}
