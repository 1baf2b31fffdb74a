import { isDirective } from './directives.ts';
import { entryReplaces, isEntry } from './own-scripts.ts';
import type { SourceAttribute, SourceElement } from './source-elements.ts';

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Text of the design as it stands in an Eta template. */
export function literal(text: string): string {
  return text.replaceAll('<%', "<%~ '<' %>%");
}

const LOCAL_LINK = /^(?:\.\/)?static\//;

/** `static/…` works from disk; served pages also live under `/nodes/`, so theirs begins with a slash. */
function rewrittenLink(source: string, { name, value, start, end }: SourceAttribute): Edit | null {
  if (!/^(?:href|src|content)$/.test(name) || !LOCAL_LINK.test(value)) return null;
  const text = source.slice(start, end).replace(/(=\s*["']?)(?:\.\/)?static\//, '$1/static/');
  return { start, end, text };
}

function removal(source: string, { start, end }: SourceAttribute): Edit {
  let from = start;
  while (/\s/.test(source[from - 1] ?? '')) from -= 1;
  return { start: from, end, text: '' };
}

/** The start tag without our attributes and those that they replace, with `extra` put in behind its name. */
export function writeStartTag(source: string, element: SourceElement, extra: string): string {
  const replaced = new Set(element.directives?.attributes.map(({ name }) => name) ?? []);
  // A designer may hide what does not go with the sample content; condition and view decide on the real page.
  if (element.directives?.if != null || element.directives?.views) replaced.add('hidden');
  if (isEntry(element)) for (const name of entryReplaces) replaced.add(name);
  const edits: Edit[] = [];
  for (const attribute of element.attributes) {
    const gone = isDirective(attribute.name) || replaced.has(attribute.name);
    const edit = gone ? removal(source, attribute) : rewrittenLink(source, attribute);
    if (edit) edits.push(edit);
  }
  const nameEnd = element.start + (/^<[^\s/>]+/.exec(source.slice(element.start))?.[0].length ?? 1);
  let out = literal(source.slice(element.start, nameEnd)) + extra;
  let at = nameEnd;
  for (const edit of edits.sort((a, b) => a.start - b.start)) {
    out += literal(source.slice(at, edit.start)) + literal(edit.text);
    at = edit.end;
  }
  return out + literal(source.slice(at, element.startTagEnd));
}
