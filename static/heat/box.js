// The box around the heat map's canvas: heading, choice of the figure, legend, the line that tells a cell.

/** @import { MetricName, Subject } from './metrics.js' */
import { make } from '../page/make.js';
import { METRIC_NAMES, metricOf, SHAPES } from './metrics.js';
import { drawSample } from './painter.js';

/** @typedef {ReturnType<typeof makeBox>} Box */

export const HINT = 'Point at a cell, or move with the arrow keys; Enter opens the node.';

/** Of GPUs, until `nameCells` says otherwise. */
export function makeBox() {
  const summary = make('summary');
  const select = make('select');
  const low = make('span');
  const high = make('span');
  const legend = make('ul', { class: 'heat-legend', 'aria-label': 'Shapes' });
  const canvas = make('canvas', { tabindex: '0', role: 'application', 'aria-roledescription': 'heat map' });
  const cursor = make('div', { class: 'heat-cursor', hidden: '' });
  const line = make('p', { class: 'heat-line', 'aria-live': 'polite' }, HINT);
  const field = make('div', { class: 'heat-field' }, canvas, cursor);
  const scale = make('span', { class: 'heat-scale' }, low, make('i', { 'aria-hidden': 'true' }), high);
  const tools = make('div', { class: 'heat-tools' }, make('label', {}, 'Colour: ', select), scale, legend);
  const details = make('details', {}, summary, tools, field, line);
  const box = { details, summary, select, low, high, legend, field, canvas, cursor, line };
  nameCells(box, 'gpus');
  return box;
}

/**
 * Says what a cell is.
 * @param {Pick<Box, 'summary' | 'select' | 'legend'>} box
 * @param {Subject} of
 */
export function nameCells({ summary, select, legend }, of) {
  summary.textContent = `All ${of === 'gpus' ? 'GPUs' : 'nodes'} as a heat map`;
  select.replaceChildren(
    ...METRIC_NAMES[of].map((name) => make('option', { value: name }, metricOf(name).title)),
  );
  legend.replaceChildren(
    ...SHAPES[of].map(({ words }) => make('li', {}, make('canvas', { 'aria-hidden': 'true' }), words)),
  );
}

/**
 * What the colours mean now, in the colours of now.
 * @param {Box} box
 * @param {Element} root whose style has the colours
 * @param {Subject} of
 * @param {MetricName} metric
 */
export function describeColours({ low, high, legend }, root, of, metric) {
  [low.textContent, high.textContent] = metricOf(metric).ends;
  for (const [at, canvas] of legend.querySelectorAll('canvas').entries()) {
    const shape = SHAPES[of][at];
    if (shape) drawSample(canvas, root, shape);
  }
}
