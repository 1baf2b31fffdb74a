/** A JSON object with unknown values. */
export type Tree = Record<string, unknown>;

/** An object that is no list. */
export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Follows names into a tree; undefined where the way ends. */
export function at(tree: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, name) => (isTree(inner) ? inner[name] : undefined), tree);
}

const MAX_TRIES = 5;

/**
 * Parses the JSON that a tool printed, among the warnings that some print before and after it. Null where
 * there is none. Only lines that begin with a bracket are tried as its start, and a few of them at most.
 */
export function parseLooseJson(text: string): unknown {
  // Blanks only, no line ends: `\s*` would look through all empty lines again from each of them.
  const opening = /^[ \t]*[[{]/gm;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const start = opening.exec(text);
    if (start === null) return null;
    const rest = text.slice(start.index);
    const end = Math.max(rest.lastIndexOf('}'), rest.lastIndexOf(']')) + 1;
    const cut = rest.slice(0, end);
    const value = parse(rest) ?? parse(cut) ?? parse(withCommas(cut));
    if (value !== null) return value;
  }
  return null;
}

/** `hy-smi` leaves out commas between some pairs: `"W": "91.0""GFX W": "20.0"`. */
function withCommas(text: string): string {
  return text.replace(/""(?=[^"]*"\s*:)/g, '","');
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
