/**
 * Half of a pair of surrogates is no text, and functions such as `encodeURIComponent` throw at it. A line is UTF-8, so
 * that only an escape can bring one along: then every text, names of properties too, is made well-formed.
 */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(wellFormed);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.toWellFormed(), wellFormed(inner)]),
  );
}

/** What a node said, its texts made well-formed. */
export function parseJson(text: string): { ok: true; value: unknown } | { ok: false } {
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, value: /\\u[dD][89a-fA-F]/.test(text) ? wellFormed(value) : value };
  } catch {
    return { ok: false };
  }
}
