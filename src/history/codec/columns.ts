import {
  type ByteReader,
  type ByteWriter,
  DamagedBytes,
  readByte,
  readVarint,
  unzigzag,
  varintBytes,
  writeByte,
  writeVarint,
  zigzag,
} from './bytes.ts';

/**
 * Columns of whole numbers, each in the way that makes it smallest. Lossless. Rice codes of differences are what noisy
 * figures need, runs what steady ones do (Rice 1979; integer columns as VictoriaMetrics has them).
 */

/** No value at this place. */
export const NULL = -0x8000_0000;

const kinds = { nothing: 0, constant: 1, runs: 2, differences: 3, aroundMean: 4 } as const;
/** Beside the kind: runs of places with and without a value come first. */
const HAS_NULLS = 0x80;
/** A quotient that long is no longer counted in ones: the number follows in 33 bits. */
const ESCAPE = 24;
const ESCAPED_BITS = 33;

/** Appends a column. Values are of at most 32 bits, `NULL` where absent. */
export function writeColumn(writer: ByteWriter, values: Int32Array): void {
  const present = values.filter((value) => value !== NULL);
  const first = present[0];
  if (first === undefined) return writeByte(writer, kinds.nothing);
  const nulls = present.length === values.length ? 0 : HAS_NULLS;
  const begin = (kind: number) => {
    writeByte(writer, kind | nulls);
    if (nulls !== 0) writePresence(writer, values);
  };
  if (present.every((value) => value === first)) {
    begin(kinds.constant);
    return writeVarint(writer, zigzag(first));
  }
  const differences = codesOfDifferences(present);
  const mean = Math.round(present.reduce((sum, value) => sum + value, 0) / present.length);
  const around = Float64Array.from(present, (value) => zigzag(value - mean));
  const byDifference = bestRice(differences, 1);
  const byMean = bestRice(around, 0);
  const runBytes = sizeOfRuns(present);
  if (runBytes <= Math.min(byDifference.bytes, byMean.bytes)) {
    begin(kinds.runs);
    return writeRuns(writer, present);
  }
  if (byDifference.bytes <= byMean.bytes) {
    begin(kinds.differences);
    writeVarint(writer, zigzag(first));
    return writeRice(writer, differences, 1, byDifference.shift);
  }
  begin(kinds.aroundMean);
  writeVarint(writer, zigzag(mean));
  writeRice(writer, around, 0, byMean.shift);
}

/** Reads a column of so many places. Throws `DamagedBytes`. */
export function readColumn(reader: ByteReader, length: number): Int32Array {
  const head = readByte(reader);
  const values = new Int32Array(length);
  if (head === kinds.nothing) return values.fill(NULL);
  const isPresent = (head & HAS_NULLS) === 0 ? null : readPresence(reader, length);
  const count = isPresent === null ? length : isPresent.reduce((sum, one) => sum + one, 0);
  const present = isPresent === null ? values : new Int32Array(count);
  readPresent(reader, head & ~HAS_NULLS, present);
  if (isPresent === null) return values;
  let next = 0;
  for (let at = 0; at < length; at++) values[at] = isPresent[at] === 1 ? (present[next++] ?? NULL) : NULL;
  return values;
}

function readPresent(reader: ByteReader, kind: number, values: Int32Array): void {
  switch (kind) {
    case kinds.constant:
      values.fill(unzigzag(readVarint(reader)));
      return;
    case kinds.runs:
      return readRuns(reader, values);
    case kinds.differences: {
      let value = unzigzag(readVarint(reader));
      values[0] = value;
      return readRice(reader, 1, values.length, (at, code) => {
        value += unzigzag(code);
        values[at] = value;
      });
    }
    case kinds.aroundMean: {
      const mean = unzigzag(readVarint(reader));
      return readRice(reader, 0, values.length, (at, code) => {
        values[at] = mean + unzigzag(code);
      });
    }
    default:
      throw new DamagedBytes(`there is no kind ${kind} of columns`);
  }
}

/** Lengths of runs, beginning with one of places that have a value, which may be empty. */
function writePresence(writer: ByteWriter, values: Int32Array): void {
  let isPresent = true;
  let length = 0;
  for (const value of values) {
    if ((value !== NULL) !== isPresent) {
      writeVarint(writer, length);
      isPresent = !isPresent;
      length = 0;
    }
    length += 1;
  }
  writeVarint(writer, length);
}

function readPresence(reader: ByteReader, length: number): Uint8Array {
  const presence = new Uint8Array(length);
  let isPresent = true;
  for (let at = 0; at < length; ) {
    const run = readVarint(reader);
    if (run > length - at || (run === 0 && at > 0)) throw new DamagedBytes('a run is longer than its column');
    if (isPresent) presence.fill(1, at, at + run);
    at += run;
    isPresent = !isPresent;
  }
  return presence;
}

function* runsOf(values: Int32Array): Iterable<[difference: number, length: number]> {
  let before = 0;
  for (let at = 0; at < values.length; ) {
    const value = values[at] ?? 0;
    let end = at + 1;
    while (end < values.length && values[end] === value) end += 1;
    yield [value - before, end - at];
    before = value;
    at = end;
  }
}

function sizeOfRuns(values: Int32Array): number {
  let bytes = 0;
  for (const [difference, length] of runsOf(values))
    bytes += varintBytes(zigzag(difference)) + varintBytes(length);
  return bytes;
}

function writeRuns(writer: ByteWriter, values: Int32Array): void {
  for (const [difference, length] of runsOf(values)) {
    writeVarint(writer, zigzag(difference));
    writeVarint(writer, length);
  }
}

function readRuns(reader: ByteReader, values: Int32Array): void {
  let value = 0;
  for (let at = 0; at < values.length; ) {
    value += unzigzag(readVarint(reader));
    const length = readVarint(reader);
    if (length === 0 || length > values.length - at)
      throw new DamagedBytes('a run is longer than its column');
    values.fill(value, at, at + length);
    at += length;
  }
}

/** The first place stays empty: its value stands before the codes. */
function codesOfDifferences(values: Int32Array): Float64Array {
  const codes = new Float64Array(values.length);
  for (let at = 1; at < values.length; at++) codes[at] = zigzag((values[at] ?? 0) - (values[at - 1] ?? 0));
  return codes;
}

function riceBits(codes: Float64Array, from: number, shift: number): number {
  const unit = 2 ** shift;
  let bits = 0;
  for (let at = from; at < codes.length; at++) {
    const quotient = Math.floor((codes[at] ?? 0) / unit);
    bits += quotient >= ESCAPE ? ESCAPE + ESCAPED_BITS : quotient + 1 + shift;
  }
  return bits;
}

/** The shift that makes the codes shortest lies near the logarithm of their mean. `bytes`: with what stands before. */
function bestRice(codes: Float64Array, from: number): { shift: number; bytes: number } {
  let sum = 0;
  for (let at = from; at < codes.length; at++) sum += codes[at] ?? 0;
  const mean = sum / Math.max(1, codes.length - from);
  const guess = Math.max(0, Math.min(28, Math.floor(Math.log2(mean * 0.7 + 1e-9))));
  let best = { shift: guess, bits: riceBits(codes, from, guess) };
  for (const shift of [guess - 1, guess + 1]) {
    const bits = shift < 0 ? Number.POSITIVE_INFINITY : riceBits(codes, from, shift);
    if (bits < best.bits) best = { shift, bits };
  }
  return { shift: best.shift, bytes: Math.ceil(best.bits / 8) + 3 };
}

/** Codes as ones for the quotient, a zero, and the rest in `shift` bits; the highest bit of a byte first. */
function writeRice(writer: ByteWriter, codes: Float64Array, from: number, shift: number): void {
  writeByte(writer, shift);
  let pending = 0;
  let free = 8;
  const put = (value: number, width: number) => {
    for (let bit = width - 1; bit >= 0; bit--) {
      pending = (pending << 1) | (Math.floor(value / 2 ** bit) & 1);
      if (--free === 0) {
        writeByte(writer, pending);
        pending = 0;
        free = 8;
      }
    }
  };
  const unit = 2 ** shift;
  for (let at = from; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    const quotient = Math.floor(code / unit);
    if (quotient >= ESCAPE) {
      put(2 ** ESCAPE - 1, ESCAPE);
      put(code, ESCAPED_BITS);
    } else {
      put(2 ** (quotient + 1) - 2, quotient + 1);
      put(code % unit, shift);
    }
  }
  if (free < 8) writeByte(writer, pending << free);
}

function readRice(
  reader: ByteReader,
  from: number,
  to: number,
  take: (at: number, code: number) => void,
): void {
  const shift = readByte(reader);
  if (shift > 32) throw new DamagedBytes(`a shift of ${shift} bits`);
  const { bytes } = reader;
  let bitAt = reader.at * 8;
  const lastBit = bytes.length * 8;
  const bit = () => ((bytes[bitAt >> 3] ?? 0) >> (7 - (bitAt++ & 7))) & 1;
  const number = (width: number) => {
    let value = 0;
    for (let left = width; left > 0; ) {
      const room = 8 - (bitAt & 7);
      const wide = Math.min(room, left);
      const part = ((bytes[bitAt >> 3] ?? 0) >> (room - wide)) & ((1 << wide) - 1);
      value = value * 2 ** wide + part;
      bitAt += wide;
      left -= wide;
    }
    return value;
  };
  const unit = 2 ** shift;
  for (let at = from; at < to; at++) {
    let quotient = 0;
    while (quotient < ESCAPE && bit() === 1) quotient += 1;
    take(at, quotient >= ESCAPE ? number(ESCAPED_BITS) : quotient * unit + number(shift));
    if (bitAt > lastBit) throw new DamagedBytes('the bytes end too early');
  }
  reader.at = Math.ceil(bitAt / 8);
}
