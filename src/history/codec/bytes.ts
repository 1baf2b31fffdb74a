/** Bytes that grow, and bytes that are read in order. Numbers are varints: seven bits a byte, the lowest first. */

export interface ByteWriter {
  bytes: Uint8Array;
  length: number;
}

/** `room`: bytes that it has from the beginning. */
export const createWriter = (room = 256): ByteWriter => ({ bytes: new Uint8Array(room), length: 0 });

/** What was written, as a view that later writes change. */
export const written = ({ bytes, length }: ByteWriter): Uint8Array => bytes.subarray(0, length);

function reserve(writer: ByteWriter, more: number): void {
  const needed = writer.length + more;
  if (needed <= writer.bytes.length) return;
  const grown = new Uint8Array(Math.max(needed, writer.bytes.length * 2));
  grown.set(written(writer));
  writer.bytes = grown;
}

/** `value`: from 0 to 255. */
export function writeByte(writer: ByteWriter, value: number): void {
  reserve(writer, 1);
  writer.bytes[writer.length++] = value;
}

/** Appends a copy. */
export function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  reserve(writer, bytes.length);
  writer.bytes.set(bytes, writer.length);
  writer.length += bytes.length;
}

/** `value`: a whole number from 0 to 2^53. */
export function writeVarint(writer: ByteWriter, value: number): void {
  reserve(writer, 8);
  let rest = value;
  while (rest >= 0x80) {
    writer.bytes[writer.length++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  writer.bytes[writer.length++] = rest;
}

/** How many bytes `writeVarint` takes for it. */
export const varintBytes = (value: number): number =>
  value < 0x80 ? 1 : 1 + varintBytes(Math.floor(value / 0x80));

/** Small numbers of either sign become small ones without; both of at most 32 bits. */
export const zigzag = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1);
/** What `zigzag` was given. */
export const unzigzag = (code: number): number => (code % 2 === 0 ? code / 2 : -(code + 1) / 2);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Its bytes in UTF-8, their number before them. */
export function writeWord(writer: ByteWriter, text: string): void {
  const bytes = encoder.encode(text);
  writeVarint(writer, bytes.length);
  writeBytes(writer, bytes);
}

export interface ByteReader {
  bytes: Uint8Array;
  at: number;
}

/** From the first byte on. */
export const createReader = (bytes: Uint8Array): ByteReader => ({ bytes, at: 0 });

/** What was written is shorter than it says: it is damaged. */
export class DamagedBytes extends Error {}

/** Throws `DamagedBytes` at the end. */
export function readByte(reader: ByteReader): number {
  const value = reader.bytes[reader.at++];
  if (value === undefined) throw new DamagedBytes('the bytes end too early');
  return value;
}

/** A view of the next ones. Throws `DamagedBytes` where they are fewer. */
export function readBytes(reader: ByteReader, length: number): Uint8Array {
  const end = reader.at + length;
  if (end > reader.bytes.length) throw new DamagedBytes('the bytes end too early');
  const bytes = reader.bytes.subarray(reader.at, end);
  reader.at = end;
  return bytes;
}

/** Throws `DamagedBytes` for one without an end. */
export function readVarint(reader: ByteReader): number {
  let value = 0;
  for (let factor = 1; factor < Number.MAX_SAFE_INTEGER; factor *= 0x80) {
    const byte = readByte(reader);
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
  throw new DamagedBytes('a number has no end');
}

/** What `writeWord` wrote. Throws `DamagedBytes`. */
export const readWord = (reader: ByteReader): string => decoder.decode(readBytes(reader, readVarint(reader)));
