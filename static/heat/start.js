// A heat map in every `<div class="heatmap" data-heat>`. Loaded by page/when-needed.js.
import { startHeatMap } from './map.js';
import { HEAT_MAPS } from './room.js';

export function start() {
  for (const root of document.querySelectorAll(HEAT_MAPS))
    if (root instanceof HTMLElement) startHeatMap(root);
}
