/** The short forms in which Slurm writes numbers and names of nodes. */

const LARGEST_INDEX = 4095;

/** `0-1,3` → 0, 1, 3; `N/A` and what is no such list have none. Bounded, sorted, each once. */
export function parseIndexes(text: string): number[] {
  const found = new Set<number>();
  for (const part of text.split(',', LARGEST_INDEX + 1)) {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim()) ?? [];
    if (first === undefined) continue;
    const end = Math.min(Number(last), LARGEST_INDEX);
    for (let index = Number(first); index <= end; index++) found.add(index);
  }
  return [...found].sort((a, b) => a - b);
}

/** Commas outside of brackets part names. */
const splitNames = (text: string) => text.match(/(?:[^,[\]]|\[[^\]]*\])+/g) ?? [];

/** `007-009` keeps its zeros. */
function* expandNumbers(text: string): Iterable<string> {
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part) ?? [];
    if (first === undefined) continue;
    for (let number = Number(first); number <= Number(last); number++)
      yield String(number).padStart(first.length, '0');
  }
}

/** Slurm knows names of several dimensions, and writes no more of them. */
const MAX_DIMENSIONS = 4;

function* expandName(name: string, dimensions: number): Iterable<string> {
  const [, before = '', inside, after = ''] = /^([^[]*)\[([^\]]*)\](.*)$/s.exec(name) ?? [];
  if (inside === undefined || dimensions === 0) {
    yield name;
    return;
  }
  for (const number of expandNumbers(inside))
    for (const end of expandName(after, dimensions - 1)) yield `${before}${number}${end}`;
}

/** `n[1-2,07],gpu3,r[1-2]n[1-4]` → names, at most `most`. */
export function expandHostlist(text: string, most: number): string[] {
  const names: string[] = [];
  for (const name of splitNames(text)) {
    for (const expanded of expandName(name, MAX_DIMENSIONS)) {
      if (names.length >= most) return names;
      names.push(expanded);
    }
  }
  return names;
}
