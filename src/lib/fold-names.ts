/** Writes names shorter: `gpu01 gpu02 gpu03 login` as `gpu[01-03], login`. Their order stays that of the first. */
export function foldNames(names: readonly string[]): string {
  const groups = new Map<string, { before: string; after: string; numbers: string[] }>();
  const single: { key: string; text: string }[] = [];
  for (const name of names) {
    const found = /^(.*?)(\d+)(\D*)$/.exec(name);
    const [, before = '', digits = '', after = ''] = found ?? [];
    const key = found ? `${before}\0${digits.length}\0${after}` : `${name}\0`;
    const group = groups.get(key);
    if (group) group.numbers.push(digits);
    else {
      groups.set(key, { before: found ? before : name, after, numbers: found ? [digits] : [] });
      single.push({ key, text: name });
    }
  }
  return single
    .map(({ key, text }) => {
      const group = groups.get(key);
      if (!group || group.numbers.length < 2) return text;
      return `${group.before}[${foldNumbers(group.numbers)}]${group.after}`;
    })
    .join(', ');
}

/** `01 02 03 07` → `01-03,07`. All have the same number of digits. */
function foldNumbers(numbers: readonly string[]): string {
  const sorted = [...new Set(numbers)].sort();
  const runs: { first: string; last: string }[] = [];
  for (const number of sorted) {
    const run = runs.at(-1);
    if (run && Number(number) === Number(run.last) + 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(',');
}
