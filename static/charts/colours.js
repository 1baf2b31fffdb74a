// The colours and patterns of lines. Readable on light and dark paper; `--chart-1` … `--chart-12` count where they are
// set.

/** @typedef {ReturnType<typeof readColours>} Colours */

const LIGHT =
  '#1766b5 #b34a00 #0f7b5f #8a3fa0 #b0243a #5f6b00 #0a7f96 #8a5a00 #c2307f #4a55c8 #3f7a24 #6b5a52';
const DARK =
  '#6cb4ff #ffa35c #4fd3ac #d39bf0 #ff8f9c #cbd653 #5fd0e6 #f7c763 #ff8fc8 #a3adff #93d871 #cdbbb1';
/** Every half dozen lines have a pattern of their own: colour alone tells nobody apart who cannot see it. */
const DASHES = [[], [7, 3], [2, 3], [8, 3, 2, 3]];
const LINES_PER_DASH = 6;

/** @param {number} place */
export const dashOf = (place) => DASHES[Math.floor(place / LINES_PER_DASH) % DASHES.length] ?? [];

/**
 * What the page's own style says now: other themes have other colours.
 * @param {Element} element
 */
export function readColours(element) {
  const style = getComputedStyle(element);
  const [red = 0, green = 0, blue = 0] = (style.color.match(/[\d.]+/g) ?? []).map(Number);
  const isDark = red * 0.3 + green * 0.59 + blue * 0.11 > 140;
  const fallback = (isDark ? DARK : LIGHT).split(' ');
  const lines = fallback.map((colour, at) => style.getPropertyValue(`--chart-${at + 1}`).trim() || colour);
  return {
    ink: style.color,
    grid: `rgba(${red}, ${green}, ${blue}, 0.14)`,
    font: `12px ${style.fontFamily}`,
    /** @param {number} place */
    lineAt: (place) => lines[place % lines.length] ?? style.color,
  };
}
