import { z } from 'zod';

/**
 * What a browser has in sight, as it says it:
 * `{ epoch, rows: [since, part, "1-24,30"][], pages: [since, path, outer][], topics: [since, name][] }`.
 */
export interface Subscription {
  /** Of the design that the browser's pages were made with. */
  epoch: string;
  /** `PART:ID` and the version up to which the browser has that row; 0 where it has nothing of it. */
  rows: Map<string, number>;
  pages: Map<string, number>;
  /** What surrounds the rows of each page. */
  outerStructures: Map<string, string>;
  topics: Map<string, number>;
}

const MAX_ROWS = 5_000;
const LONGEST_RANGES = 40_000;
const LONGEST_PATH = 4_000;
/** The tabs of one browser share a stream, and each has a page. */
const MAX_PAGES = 24;

const since = z.number().int().min(0);
const schema = z.object({
  epoch: z.string().max(40),
  rows: z.array(z.tuple([since, z.number().int().min(0).max(999), z.string().max(LONGEST_RANGES)])).max(200),
  pages: z.array(z.tuple([since, z.string().max(LONGEST_PATH), z.string().max(1_000)])).max(MAX_PAGES),
  topics: z.array(z.tuple([since, z.string().max(LONGEST_PATH)])).max(50),
});

/** A row in one of the parts of the design. */
export const rowKey = (part: number, id: number) => `${part}:${id}`;

/** The numbers of `1-24,30`; null where it is no such text, or names too many. */
function readRanges(text: string, most: number): number[] | null {
  const numbers: number[] = [];
  for (const range of text.split(',')) {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range);
    if (match === null) return null;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || last - first >= most - numbers.length) return null;
    for (let number = first; number <= last; number += 1) numbers.push(number);
  }
  return numbers;
}

/** Null for anything but a subscription. */
export function readSubscription(body: string): Subscription | null {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return null;
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) return null;
  const { epoch, rows: groups, pages, topics } = parsed.data;
  const rows = new Map<string, number>();
  for (const [version, part, ranges] of groups) {
    const ids = readRanges(ranges, MAX_ROWS - rows.size);
    if (ids === null) return null;
    for (const id of ids) rows.set(rowKey(part, id), version);
  }
  return {
    epoch,
    rows,
    pages: new Map(pages.map(([version, path]) => [path, version])),
    outerStructures: new Map(pages.map(([, path, outer]) => [path, outer])),
    topics: new Map(topics.map(([version, topic]) => [topic, version])),
  };
}
