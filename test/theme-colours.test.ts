import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** Every colour stands in static/styles/themes.css, and those that meet are told apart (WCAG 2.2 AA). */

const folder = new URL('../static/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');

type Colours = Map<string, string>;

/** Theme → its colours by name; what a theme does not say is yellow's. */
function parseThemes(css: string): Map<string, Colours> {
  const themes = new Map<string, Colours>();
  for (const [, theme = 'yellow', body = ''] of css.matchAll(
    /:root(?:\[data-theme="(\w+)"\])?\s*\{([^}]*)\}/g,
  )) {
    const own = [...body.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(
      ([, name = '', value = '']): [string, string] => [name, value],
    );
    themes.set(theme, new Map([...(themes.get('yellow') ?? []), ...own]));
  }
  return themes;
}

function luminance(colour: string): number {
  const digits = /^#([\da-f]{3}|[\da-f]{6})$/.exec(colour)?.[1];
  if (digits === undefined) throw new Error(`${colour} is not written as #rgb or #rrggbb`);
  const size = digits.length / 3;
  const channels = [0, 1, 2].map((at) => {
    const channel =
      Number.parseInt(digits.slice(at * size, (at + 1) * size).padStart(2, digits[at]), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = channels;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const range = (name: string, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => `${name}-${first + at}`);

/** Text and what it stands on. */
const texts: [string[], string[]][] = [
  [
    ['ink', 'muted', 'bad', 'good', 'warn'],
    ['paper', 'card', 'soft', 'stripe'],
  ],
  [['ink', 'bad', 'muted'], ['bad-soft']],
  [['old-ink'], ['card', 'paper', 'stripe', 'bad-soft']],
  [['bar-ink'], ['bar-paper']],
  [['tab-ink'], ['tab-paper']],
  [['field-ink', 'field-hint'], ['field']],
  [['ink'], ['chip-paper']],
  [['banner-ink'], ['banner-paper']],
  [['bad-ink'], ['bad']],
  [['heat-ink'], [...range('heat', 0, 4), 'heat-idle']],
];

/** Shapes, lines of charts and marks that say something, and what they stand on. */
const shapes: [string[], string[]][] = [
  [['edge'], ['card', 'paper', 'track']],
  [range('chart', 1, 12), ['card', 'paper']],
  [['focus'], ['card', 'paper', 'soft']],
  [['accent'], ['card', 'paper']],
  [['field-line'], ['field']],
  [['chip-line'], ['paper', 'chip-paper']],
  [['tab-paper'], ['bar-paper']],
  // Hollow cells and crosses of the heat map.
  [['heat-free', 'heat-sick'], ['paper']],
];

const themes = parseThemes(read('styles/themes.css'));

describe.each(['yellow', 'blue', 'light', 'dark'])('the theme %s', (theme) => {
  const colours = themes.get(theme) ?? new Map<string, string>();
  const weak = (pairs: [string[], string[]][], least: number) =>
    pairs.flatMap(([fronts, backs]) =>
      fronts.flatMap((front) =>
        backs.flatMap((back) => {
          const ratio = contrast(colours.get(front) ?? 'none', colours.get(back) ?? 'none');
          return ratio < least ? [`${front} on ${back}: ${ratio.toFixed(2)}`] : [];
        }),
      ),
    );

  test('has text that can be read', () => expect(weak(texts, 4.5)).toEqual([]));
  test('has shapes that can be seen', () => expect(weak(shapes, 3)).toEqual([]));
});

test('contrast is that of WCAG', () => {
  expect(contrast('#000', '#ffffff')).toBeCloseTo(21);
  expect(contrast('#777777', '#fff')).toBeCloseTo(4.48, 2);
});

describe('no other file names a colour', () => {
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.css') && name !== 'styles/themes.css');
  const named = /:[^;{]*(?<![\w-])(?:white|black|red|green|blue|gr[ae]y|yellow|orange|silver)(?![\w-])/;
  const spelled =
    /#(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})\b(?![^{}]*\{)|\b(?:rgba?|hsla?|oklch|oklab|lab|lch|hwb)\(/i;
  test.each(files)('%s', (name) => {
    const css = read(name);
    expect(spelled.exec(css)?.[0]).toBeUndefined();
    expect(named.exec(css)?.[0]).toBeUndefined();
  });

  test('every variable that a style uses is set somewhere', () => {
    const all = ['styles/themes.css', ...files].map(read).join('\n');
    const used = new Set([...all.matchAll(/var\(--([\w-]+)/g)].map(([, name = '']) => name));
    const set = new Set([...all.matchAll(/--([\w-]+)\s*:/g)].map(([, name = '']) => name));
    expect([...used].filter((name) => !set.has(name))).toEqual([]);
  });
});
