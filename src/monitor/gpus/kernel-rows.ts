import type { GpuFacts } from '../../protocol/gpu-facts.ts';
import type { GpuSample } from '../../protocol/sample.ts';
import type { GpuReading } from './provider.ts';
import type { GpuRow } from './row-book.ts';

/**
 * Rows that the kernel tells with every sample, completed by what a tool said some seconds ago. They are the
 * same GPU where the PCI address is the same; the tool's index counts then, because that is what its users
 * write into `HIP_VISIBLE_DEVICES` and the like.
 */
export function withKernelRows(told: GpuReading, kernel: readonly GpuRow[]): GpuReading {
  const places = new Map(told.facts.map((facts, place) => [facts.pciAddress, place]));
  const used = new Set<number>();
  const merged = kernel.map((row): GpuRow => {
    const place = places.get(row.facts.pciAddress);
    const facts = place === undefined ? undefined : told.facts[place];
    const sample = place === undefined ? undefined : told.gpus[place];
    if (place === undefined || !facts || !sample) return row;
    used.add(place);
    const { index } = facts;
    return {
      facts: { ...filled(row.facts, facts), index, name: facts.name ?? row.facts.name },
      sample: { ...(sample.health === 'ok' ? filled(row.sample, sample) : row.sample), index },
    };
  });
  // A tool that gives no addresses cannot be matched: the kernel's rows alone are better than each GPU twice.
  const others = told.facts.flatMap((facts, place) => {
    const sample = told.gpus[place];
    return used.has(place) || facts.pciAddress === null || !sample ? [] : [{ facts, sample }];
  });
  const rows = withOwnIndexes([...merged, ...others]);
  return {
    ...told,
    // The kernel's word is enough: a tool that hangs hides no GPU.
    known: true,
    facts: rows.map((row) => row.facts),
    gpus: rows.map((row) => row.sample),
  };
}

/** The first one's word; what it does not say, the second's. */
export function filled<Row extends GpuFacts | GpuSample>(first: Row, second: Row): Row {
  const known = Object.entries(first).filter(([, value]) => value !== null);
  return { ...second, ...Object.fromEntries(known) };
}

/** Where the tool knows only some of the cards, its indexes and the kernel's may be the same. */
function withOwnIndexes(rows: readonly GpuRow[]): GpuRow[] {
  const taken = new Set<number>();
  const numbered = rows.map((row) => {
    let { index } = row.facts;
    while (taken.has(index)) index++;
    taken.add(index);
    return { facts: { ...row.facts, index }, sample: { ...row.sample, index } };
  });
  return numbered.sort((a, b) => a.facts.index - b.facts.index);
}
