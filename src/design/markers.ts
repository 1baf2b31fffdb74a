import { failAt } from './design-error.ts';
import { isDirective } from './directives.ts';
import * as mtcmon from './mtcmon-markup.ts';
import {
  readSource,
  type SourceComment,
  type SourceDocument,
  type SourceElement,
} from './source-elements.ts';

/** MTCMon marks the live regions of a design by pairs of comments. */

interface Region {
  name: string;
  /** Between the markers. */
  start: number;
  end: number;
}

const names = ['ToC', 'Index List', 'Content'] as const;

function markerOf(comment: SourceComment): { name: string; opens: boolean } | null {
  const match = /^\s*(ToC|Index List|Content)\s+(Start|End)\s*$/i.exec(comment.text);
  const name = names.find((known) => known.toLowerCase() === match?.[1]?.toLowerCase());
  return name ? { name, opens: match?.[2]?.toLowerCase() === 'start' } : null;
}

function findRegions(source: string, comments: readonly SourceComment[]): Region[] {
  const regions: Region[] = [];
  const open = new Map<string, SourceComment>();
  for (const comment of comments) {
    const marker = markerOf(comment);
    if (!marker) continue;
    const written = source.slice(comment.start, comment.end);
    const opening = open.get(marker.name);
    if (marker.opens) {
      if (opening)
        failAt(
          source,
          comment.start,
          written,
          'this marker is open already.',
          `Put <!-- ${marker.name} End --> before it.`,
        );
      open.set(marker.name, comment);
      continue;
    }
    if (!opening)
      failAt(
        source,
        comment.start,
        written,
        'nothing was opened.',
        `Put <!-- ${marker.name} Start --> before it.`,
      );
    open.delete(marker.name);
    regions.push({ name: marker.name, start: opening.end, end: comment.start });
  }
  for (const [name, comment] of open) {
    const written = source.slice(comment.start, comment.end);
    failAt(
      source,
      comment.start,
      written,
      'this marker is never closed.',
      `Put <!-- ${name} End --> behind the region.`,
    );
  }
  return regions;
}

function hasOwnAttributes(elements: readonly SourceElement[], region: Region): boolean {
  return elements.some(
    (element) =>
      hasOwnAttributes(element.children, region) ||
      (element.start >= region.start &&
        element.end <= region.end &&
        element.attributes.some(({ name }) => isDirective(name))),
  );
}

function markupFor(region: Region, regions: readonly Region[]): string | null {
  if (region.name === 'Content') return mtcmon.content;
  if (region.name === 'Index List') return mtcmon.indexList;
  const inside = regions.some(
    ({ name, start, end }) => name === 'Index List' && start > region.start && end < region.end,
  );
  return inside ? null : mtcmon.tableOfContents;
}

/** As many lines as before, so that later errors name the right one; the lines themselves are dropped. */
function keepingLines(markup: string, replaced: string): string {
  const lines = replaced.split('\n').length - 1;
  return lines > 0 ? `${markup}<template data-sample>${'\n'.repeat(lines)}</template>` : markup;
}

/**
 * Replaces the regions between MTCMon's markers that have none of our attributes by loops with its markup.
 * Pure; throws a fault for a marker without its partner.
 */
export function expandMarkers(source: string, document: SourceDocument): string {
  const regions = findRegions(source, document.comments);
  const replaced = regions
    .filter((region) => !hasOwnAttributes(document.roots, region))
    .map((region) => ({ ...region, markup: markupFor(region, regions) }))
    .sort((a, b) => b.start - a.start);
  let result = source;
  for (const { start, end, markup } of replaced) {
    if (markup === null) continue;
    result = result.slice(0, start) + keepingLines(markup, source.slice(start, end)) + result.slice(end);
  }
  return result;
}

/** Reads a design with MTCMon's markers turned into directives. Throws `DesignFaultError` with the line. */
export function readExpanded(source: string): { source: string; document: SourceDocument } {
  const document = readSource(source);
  const expanded = expandMarkers(source, document);
  return expanded === source ? { source, document } : { source: expanded, document: readSource(expanded) };
}
