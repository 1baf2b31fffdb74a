import { noGpuFacts, noGpuFigures, noGpuProcessFigures } from '../../../protocol/absent.ts';
import type { GpuSample } from '../../../protocol/sample.ts';
import type { GpuProcessReading } from '../provider.ts';
import type { GpuRow } from '../row-book.ts';
import { bytesOf, numberOf, positiveOf, printedPciAddress, printedWord } from '../tools/printed-figures.ts';

export interface NpuSmiAnswer {
  rows: GpuRow[];
  processes: GpuProcessReading[];
}

/** The words of one box's header, which say what stands where. */
interface Header {
  /** One list of column names per cell, for each line of the header. */
  lines: string[][][];
}

/** What one chip's two lines say, by the header's names. */
type Fields = Map<string, string>;

/**
 * Parses the boxes of `npu-smi info`; null where there are none. Each chip has two lines, whose columns are
 * named by the two lines of the header: several names share a cell, and releases differ in which
 * (`Device`, `Phy-ID`, `HBM-Usage` come and go). The columns are not aligned, so cells are cut into words.
 * From Ascend 950 on there are no chips: the second lines begin with an empty cell.
 */
export function parseNpuSmi(text: string): NpuSmiAnswer | null {
  const version = /^\|\s*npu-smi\s+(\S+)/im.exec(text)?.[1];
  const driver = /\bVersion:\s*(\S+)/.exec(text)?.[1] ?? version;
  const chips: Fields[] = [];
  const holders: Fields[] = [];
  let header: Header | null = null;
  let first: Fields | null = null;
  for (const line of text.split('\n')) {
    const cells = cellsOf(line);
    if (cells === null) {
      // A rule of `=` ends the header; any rule ends a chip.
      if (line.startsWith('+')) first = null;
      continue;
    }
    const start = cells[0] ?? '';
    if (/^NPU\b/.test(start)) header = { lines: [cells.map(namesOf)] };
    else if (header === null) continue;
    else if (/^(?:Chip\b|$)/.test(start) && first === null) header.lines.push(cells.map(namesOf));
    else if (/^(?:\d+\b|$)/.test(start)) {
      if (isProcessHeader(header)) holders.push(fieldsOf(header.lines[0] ?? [], cells));
      else if (first === null) first = fieldsOf(header.lines[0] ?? [], cells);
      else {
        chips.push(new Map([...first, ...fieldsOf(header.lines[1] ?? [], cells)]));
        first = null;
      }
    }
  }
  if (chips.length === 0) return null;
  const indexes = indexesOf(chips);
  const rows = chips.map((chip, place) => rowOf(chip, indexes[place] ?? place, driver ?? null));
  return { rows, processes: processesOf(holders, chips, indexes) };
}

/** The boxes are about a hundred characters wide. */
const MAX_LINE_LENGTH = 1_000;

function cellsOf(line: string): string[] | null {
  if (line.length > MAX_LINE_LENGTH) return null;
  const match = /^\s*\|(.*)\|\s*$/.exec(line);
  return match?.[1] === undefined ? null : match[1].split('|').map((cell) => cell.trim());
}

/** `AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)` are three names; a single space is within a name. */
function namesOf(cell: string): string[] {
  return cell
    .split(/(?<=\))\s*(?=\S)|\s{2,}|^(NPU|Chip)\s(?!Util)/)
    .filter((name) => name !== undefined && name.trim() !== '')
    .map((name) =>
      name
        .trim()
        .toLowerCase()
        .replace(/\s*\(.*$/, ''),
    );
}

const isProcessHeader = (header: Header) =>
  header.lines[0]?.some((names) => names.some((name) => name === 'process id')) ?? false;

/** Words of a cell by the names of its header; a pair such as `4252 / 15137` is one word, as is all of a last name. */
function fieldsOf(names: string[][], cells: readonly string[]): Fields {
  const fields: Fields = new Map();
  names.forEach((inCell, place) => {
    const cell = cells[place] ?? '';
    const words = cell.match(/\S+?\s*\/\s*\S+|\S+/g) ?? [];
    inCell.forEach((name, at) => {
      const isLast = at === inCell.length - 1;
      const spoken = isLast && !cell.includes('/') ? words.slice(at).join(' ') : words[at];
      if (spoken !== undefined && spoken !== '') fields.set(name, spoken);
    });
  });
  return fields;
}

/**
 * The numbers by which programs choose a chip, where the tool prints them, or those of cards with one chip each:
 * where a card is missing, the others keep theirs. Else a count.
 */
function indexesOf(chips: readonly Fields[]): number[] {
  for (const name of ['phy-id', 'device', 'npu']) {
    const numbers = chips.map((chip) => positiveOf(chip.get(name)));
    const whole = numbers.filter((value) => value !== null);
    if (whole.length === chips.length && new Set(whole).size === chips.length) return whole;
  }
  return chips.map((_, place) => place);
}

function rowOf(chip: Fields, index: number, driverVersion: string | null): GpuRow {
  const pair = (name: string) => (chip.get(name) ?? '').split('/').map((part) => bytesOf(part, 'MB'));
  const [hbmUsed = null, hbmTotal = null] = pair('hbm-usage');
  const [ddrUsed = null, ddrTotal = null] = pair('memory-usage');
  // Chips with HBM count their DDR beside it, or print 0 / 0 for what they do not have.
  const [used, total] = hbmTotal ? [hbmUsed, hbmTotal] : ddrTotal ? [ddrUsed, ddrTotal] : [null, null];
  const name = printedWord(chip.get('name'));
  return {
    facts: {
      ...noGpuFacts,
      index,
      vendor: 'Huawei',
      name: name === null ? 'Ascend' : /^ascend/i.test(name) ? name : `Ascend ${name}`,
      pciAddress: printedPciAddress(chip.get('bus-id')),
      memoryTotalBytes: total,
      driverVersion,
    },
    sample: {
      ...noGpuFigures,
      index,
      ...healthOf(printedWord(chip.get('health'))),
      utilizationPercent: positiveOf(chip.get('aicore') ?? chip.get('npu util')),
      memoryUsedBytes: used,
      memoryFreeBytes: used === null || total === null ? null : Math.max(0, total - used),
      temperatureCelsius: numberOf(chip.get('temp')),
      powerWatts: positiveOf(chip.get('power')),
    },
  };
}

/** `OK`, `Warning` (works, and something is to be looked at), `Alarm`, `Critical`, `UNKNOWN`. */
function healthOf(word: string | null): Pick<GpuSample, 'health' | 'error'> {
  if (word === null || /^ok$/i.test(word)) return { health: 'ok', error: null };
  return { health: /^warning$/i.test(word) ? 'ok' : 'error', error: `npu-smi: health is ${word}` };
}

function processesOf(
  holders: readonly Fields[],
  chips: readonly Fields[],
  indexes: readonly number[],
): GpuProcessReading[] {
  const placeOf = (fields: Fields) => `${fields.get('npu')} ${fields.get('chip')}`;
  const places = new Map(chips.map((chip, place) => [placeOf(chip), indexes[place]]));
  return holders.flatMap((holder) => {
    const gpuIndex = places.get(placeOf(holder));
    const pid = positiveOf(holder.get('process id'));
    if (gpuIndex === undefined || pid === null || pid === 0 || !Number.isSafeInteger(pid)) return [];
    const gpuMemoryBytes = bytesOf(holder.get('process memory'), 'MB');
    return [{ ...noGpuProcessFigures, pid, gpuIndex, type: 'C', gpuMemoryBytes }];
  });
}
