import type { GpuFacts } from '../../../protocol/gpu-facts.ts';
import type { GpuSample } from '../../../protocol/sample.ts';
import type { GpuReading } from '../provider.ts';
import type { GpuRow } from '../row-book.ts';

/**
 * Rows that the kernel tells with every sample, completed by what a tool said some seconds ago. They are the
 * same GPU where the PCI address is the same; the tool's index counts then, because that is what its users
 * write into `HIP_VISIBLE_DEVICES` and the like.
 */
export function withKernelRows(told: GpuReading, kernel: readonly GpuRow[]): GpuReading {
  const places = placesByCard(told.facts, kernel);
  const used = new Set<number>();
  const merged = kernel.flatMap((row): GpuRow[] => {
    const [place, ...others] = places.get(row.facts.pciAddress) ?? [];
    const facts = place === undefined ? undefined : told.facts[place];
    const sample = place === undefined ? undefined : told.gpus[place];
    if (place === undefined || !facts || !sample) return [row];
    used.add(place);
    const own = others.length === 0 ? row : ofOnePartition(row);
    const { index } = facts;
    return [
      {
        facts: { ...filled(own.facts, facts), index, name: facts.name ?? own.facts.name },
        sample: { ...(sample.health === 'ok' ? filled(own.sample, sample) : own.sample), index },
      },
    ];
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

const withoutFunction = (address: string) => address.replace(/\.\d$/, '');

/**
 * Which of the tool's rows are of the card at an address. Several are its partitions, which share the address or have
 * the partition's number in place of the function, where the kernel has no card.
 */
function placesByCard(told: readonly GpuFacts[], kernel: readonly GpuRow[]): Map<string | null, number[]> {
  const cards = new Map(kernel.map(({ facts }) => [facts.pciAddress, [] as number[]]));
  const byDevice = new Map(
    kernel.map(({ facts }) => [withoutFunction(facts.pciAddress ?? ''), facts.pciAddress]),
  );
  told.forEach(({ pciAddress }, place) => {
    if (pciAddress === null) return;
    const card = cards.has(pciAddress) ? pciAddress : byDevice.get(withoutFunction(pciAddress));
    if (card !== undefined) cards.get(card)?.push(place);
  });
  for (const places of cards.values()) places.sort((a, b) => (told[a]?.index ?? 0) - (told[b]?.index ?? 0));
  return cards;
}

/** What the kernel tells of a card is none of its partitions' memory and load; the rest is told with the first. */
function ofOnePartition({ facts, sample }: GpuRow): GpuRow {
  return {
    facts: { ...facts, uuid: null, memoryTotalBytes: null },
    sample: {
      ...sample,
      utilizationPercent: null,
      memoryUtilizationPercent: null,
      memoryUsedBytes: null,
      memoryFreeBytes: null,
    },
  };
}

/** A tool's reading without the GPUs at these addresses. */
export function withoutCards(told: GpuReading, addresses: ReadonlySet<string>): GpuReading {
  const isOut = ({ pciAddress }: GpuFacts) => pciAddress !== null && addresses.has(pciAddress);
  const dropped = new Set(told.facts.filter(isOut).map(({ index }) => index));
  if (dropped.size === 0) return told;
  return {
    ...told,
    facts: told.facts.filter(({ index }) => !dropped.has(index)),
    gpus: told.gpus.filter(({ index }) => !dropped.has(index)),
    processes: told.processes.filter(({ gpuIndex }) => !dropped.has(gpuIndex)),
  };
}

/** Indexes of the GPUs at each address; partitions of a card may share one. */
export function indexesByAddress(rows: readonly GpuFacts[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { pciAddress, index } of rows) {
    if (pciAddress === null) continue;
    const known = found.get(pciAddress);
    if (known) known.push(index);
    else found.set(pciAddress, [index]);
  }
  return found;
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
