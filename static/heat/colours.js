// The colours of cells, as the style says them now, whatever way it writes them.

/** @typedef {ReturnType<typeof readColours>} Colours */
import { ABSENT } from './cells.js';

/** @param {HTMLCanvasElement} canvas */
export function contextOf(canvas, isRead = false) {
  const context = canvas.getContext('2d', { willReadFrequently: isRead });
  if (context === null) throw new Error('this browser draws nothing on a canvas');
  return context;
}

/**
 * A colour for each level, between those of the stops.
 * @param {string[]} stops
 */
function mixScale(stops) {
  const canvas = Object.assign(document.createElement('canvas'), { width: ABSENT, height: 1 });
  const context = contextOf(canvas, true);
  const gradient = context.createLinearGradient(0, 0, ABSENT, 0);
  for (const [at, colour] of stops.entries()) gradient.addColorStop(at / (stops.length - 1), colour);
  context.fillStyle = gradient;
  context.fillRect(0, 0, ABSENT, 1);
  const { data } = context.getImageData(0, 0, ABSENT, 1);
  return Array.from({ length: ABSENT }, (_, at) => `rgb(${data.slice(at * 4, at * 4 + 3).join()})`);
}

/** @param {Element} root */
export function readColours(root) {
  const probe = document.createElement('span');
  probe.hidden = true;
  root.append(probe);
  /** @param {string} name */
  const read = (name) => {
    probe.style.color = `var(--cell-${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = { free: read('free'), idle: read('idle'), sick: read('sick'), ink: read('ink') };
  const stops = ['0', '1', '2', '3', '4'].map(read);
  probe.remove();
  return { ...colours, scale: mixScale(stops) };
}
