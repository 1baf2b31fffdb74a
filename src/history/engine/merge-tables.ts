import { ALL_MACHINE, type Chunk, type ChunkTable } from '../codec/chunk.ts';
import { NULL } from '../codec/columns.ts';
import { type FigureKey, figuresOf } from './bins.ts';

const nameOf = ({ group, row, figure }: FigureKey) => `${group} ${figure} ${row}`;

/** Raw figures of the same bucket: what was there first stays, and places that it lacks come from the other. */
export function mergeTables(first: Chunk, second: ChunkTable): ChunkTable {
  const known = new Set(first.places);
  const added = second.places.map((place, at) => (known.has(place) ? -1 : at)).filter((at) => at >= 0);
  const origins = [
    ...Array.from(first.places, (place, at) => ({ place, at, isFirst: true })),
    ...Array.from(added, (at) => ({ place: second.places[at] ?? 0, at, isFirst: false })),
  ].sort((a, b) => a.place - b.place);
  const rows = {
    machine: ALL_MACHINE,
    gpus: [...new Set([...first.gpus, ...second.gpus])].sort((a, b) => a - b),
    jobs: [...new Set([...first.jobs, ...second.jobs])],
  };
  const firstColumns = new Map(Array.from(figuresOf(first), (key, at) => [nameOf(key), first.column(at)]));
  const secondColumns = new Map(
    Array.from(figuresOf(second), (key, at) => [nameOf(key), second.columns[at]]),
  );
  const columns = Array.from(figuresOf(rows), (key) => {
    const name = nameOf(key);
    const [own, other] = [firstColumns.get(name), secondColumns.get(name)];
    return Int32Array.from(origins, ({ at, isFirst }) => (isFirst ? own : other)?.[at] ?? NULL);
  });
  return { sides: 1, places: Int32Array.from(origins, ({ place }) => place), ...rows, columns };
}
