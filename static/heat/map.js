// A heat map of all GPUs, one cell each: what is followed of it, heard, and shown. Its cells come as `rollcall:heat`
// events on the document: `heat layout` says which they are, `heat METRIC` what each shows (src/web/live/heat.ts). The
// head asks all nodes for fresh figures while somebody follows a metric: out of sight, collapsed or in a hidden tab the
// map follows none.

/** @import { HeatFigures, HeatLayout, HeatTold } from '../../src/web/wire.ts' */
/** @import { Box } from './box.js' */
/** @import { MetricName, Subject } from './metrics.js' */
/** @import { Painter } from './painter.js' */
/** @import { Places } from './places.js' */
/** @import { Shown } from './shown.js' */
import { keep, recall } from '../page/kept.js';
import { say } from '../page/say.js';
import { describeColours, makeBox, nameCells } from './box.js';
import { useAt } from './cells.js';
import { isSearch, nodeOnPage } from './go-to.js';
import { isUseMetric, knownMetric, metricOf, useWords } from './metrics.js';
import { createPainter } from './painter.js';
import { place } from './places.js';
import { followPointer, pointAt, showCursor, tellCell } from './pointing.js';
import { isMapOpen, keepMapHeight, keepMapOpen } from './room.js';
import { nothingShown, paintChanged, takeFigures, takeLayout } from './shown.js';

/**
 * @typedef {object} HeatMap
 * @property {HTMLElement} root
 * @property {Box} box
 * @property {Painter} painter
 * @property {Subject} of
 * @property {MetricName} metric that the reader chose
 * @property {HeatLayout | null} layout what was heard; it is shown once both are of the same version
 * @property {HeatFigures | null} figures of that metric
 * @property {MetricName | null} shownMetric
 * @property {Shown} shown
 * @property {Places | null} places
 * @property {number} width
 * @property {number} pointed the cell that the reader points at; -1 for none
 * @property {boolean} isInSight
 * @property {number} frame
 * @property {Set<string>} followed topics
 */

const MOST_OF_WINDOW = 0.38;
const LAYOUT = 'heat layout';
const METRIC = 'rollcall-heat-metric';

// --- what is followed

/** @param {HeatMap} map */
function wantedTopics({ box, layout, metric, isInSight }) {
  if (!isInSight || document.hidden) return [];
  if (!box.details.open) return layout === null ? [LAYOUT] : [];
  const isEmpty = layout !== null && layout.nodes.length === 0;
  return isEmpty ? [LAYOUT] : [LAYOUT, `heat ${metric}`];
}

/** @param {HeatMap} map */
function follow(map) {
  const wanted = new Set(wantedTopics(map));
  for (const topic of map.followed) if (!wanted.has(topic)) say('rollcall:leave', topic);
  for (const topic of wanted) if (!map.followed.has(topic)) say('rollcall:want', topic);
  map.followed = wanted;
}

/**
 * @param {HeatMap} map
 * @param {HeatTold} told
 */
function hear(map, told) {
  if ('nodes' in told) hearLayout(map, told);
  else if (told.topic === `heat ${map.metric}`) map.figures = told;
  if (map.box.details.open) show(map);
}

/**
 * @param {HeatMap} map
 * @param {HeatLayout} layout
 */
function hearLayout(map, layout) {
  const { root, box } = map;
  map.layout = layout;
  nameSubject(map, layout.of);
  root.style.minHeight = '';
  if (layout.nodes.length === 0) box.details.remove();
  else if (!box.details.isConnected) root.append(box.details);
  follow(map);
}

/**
 * Other cells have other figures.
 * @param {HeatMap} map
 * @param {Subject} of
 */
function nameSubject(map, of) {
  if (map.of === of) return;
  map.of = of;
  nameCells(map.box, of);
  map.metric = knownMetric(of, map.metric);
  map.box.select.value = map.metric;
  map.figures = null;
}

// --- what is shown

/** @param {HeatMap} map */
function show(map) {
  const { root, box, of, layout, figures, metric, shown } = map;
  if (layout === null || figures === null || layout.version !== figures.version || document.hidden) return;
  const isRestyled = map.shownMetric !== metric;
  map.shownMetric = metric;
  if (isRestyled) describeColours(box, root, of, metric);
  const isPlaced = shown.version === layout.version || takeLayout(shown, layout);
  if (isRestyled || !isPlaced || map.places === null) {
    pointAt(map, -1, 'off');
    placeAll(map);
  }
  const isNarrowed = isSearch();
  takeFigures(shown, figures, (name) => isNarrowed && nodeOnPage(name) === null);
  box.canvas.setAttribute('aria-label', describeMap(map, figures));
  if (map.pointed >= 0) tellCell(map, 'off');
  paintSoon(map);
}

/**
 * @param {HeatMap} map
 * @param {HeatFigures} figures
 */
function describeMap({ of, metric, shown }, { uses }) {
  const words = useWords(of);
  const found = words.map(() => 0);
  for (let at = 0; at < shown.cells.length; at += 1) {
    const use = useAt(uses, at);
    found[use] = (found[use] ?? 0) + 1;
  }
  const parts = found.flatMap((count, use) => (count > 0 ? [`${count} ${words[use]}`] : []));
  const things = of === 'gpus' ? 'GPUs' : 'nodes';
  return `${shown.cells.length} ${things} by ${metricOf(metric).title}: ${parts.join(', ')}. Arrow keys move, Enter opens the node`;
}

/** @param {HeatMap} map */
function placeAll(map) {
  const { root, box, painter, shown, shownMetric } = map;
  map.width = box.field.clientWidth;
  if (map.width === 0 || shownMetric === null) return;
  map.places = place(shown.counts, map.width, window.innerHeight * MOST_OF_WINDOW);
  painter.restart(map.places, map.width, isUseMetric(shownMetric));
  shown.painted = new Int32Array(shown.cells.length).fill(-1);
  showCursor(map);
  paintSoon(map);
  keepMapHeight(root.offsetHeight);
}

/** @param {HeatMap} map */
function paintSoon(map) {
  if (map.frame === 0) map.frame = requestAnimationFrame(() => paint(map));
}

/** @param {HeatMap} map */
function paint(map) {
  map.frame = 0;
  if (map.places === null) return;
  paintChanged(map.shown, map.painter.paint);
  map.painter.flush();
}

/** @param {HeatMap} map */
function restyle(map) {
  if (map.shownMetric === null) return;
  describeColours(map.box, map.root, map.of, map.shownMetric);
  placeAll(map);
}

// --- what the reader does

/** @param {HeatMap} map */
function chooseMetric(map) {
  map.metric = knownMetric(map.of, map.box.select.value);
  keep(METRIC, map.metric);
  map.figures = null;
  follow(map);
}

/** @param {HeatMap} map */
function followReader(map) {
  const { root, box } = map;
  const { details } = box;
  const restyleSoon = () => requestAnimationFrame(() => restyle(map));
  const followAndShow = () => {
    follow(map);
    show(map);
  };
  box.select.addEventListener('change', () => chooseMetric(map));
  details.addEventListener('toggle', () => {
    keepMapOpen(details.open);
    followAndShow();
  });
  document.addEventListener('rollcall:heat', ({ detail }) => hear(map, detail));
  document.addEventListener('visibilitychange', followAndShow);
  document.addEventListener('rollcall:theme', restyleSoon);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', restyleSoon);
  new IntersectionObserver((entries) => {
    map.isInSight = entries.at(-1)?.isIntersecting ?? false;
    follow(map);
  }).observe(root);
  new ResizeObserver(() => box.field.clientWidth !== map.width && placeAll(map)).observe(box.field);
  window.addEventListener('resize', () => details.open && placeAll(map));
}

/** @param {HTMLElement} root */
export function startHeatMap(root) {
  const box = makeBox();
  /** @type {HeatMap} */
  const map = {
    root,
    box,
    painter: createPainter(box.canvas, root),
    of: 'gpus',
    metric: knownMetric('gpus', recall(METRIC)),
    layout: null,
    figures: null,
    shownMetric: null,
    shown: nothingShown(),
    places: null,
    width: 0,
    pointed: -1,
    isInSight: false,
    frame: 0,
    followed: new Set(),
  };
  box.details.open = isMapOpen();
  box.select.value = map.metric;
  followPointer(map);
  followReader(map);
}
