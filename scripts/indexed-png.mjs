// Makes a PNG of true colours one of 256: pictures of pages lose nothing that is seen, and two thirds of their bytes.
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MOST_COLOURS = 256;

function* chunksOf(png) {
  for (let at = SIGNATURE.length; at < png.length; ) {
    const size = png.readUInt32BE(at);
    yield { type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + size) };
    at += size + 12;
  }
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [left, up, corner].map((value) => Math.abs(guess - value));
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** What a filter of the PNG format took off a byte: its neighbours' share. */
const predict = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  (left, up, corner) => paeth(left, up, corner),
];

/** Rows of bytes without their filters. */
function unfilter(raw, height, stride, step) {
  const rows = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y += 1) {
    const share = predict[raw[y * (stride + 1)]];
    for (let x = 0; x < stride; x += 1) {
      const at = y * stride + x;
      const left = x >= step ? rows[at - step] : 0;
      const up = y > 0 ? rows[at - stride] : 0;
      const corner = x >= step && y > 0 ? rows[at - stride - step] : 0;
      rows[at] = raw[y * (stride + 1) + 1 + x] + share(left, up, corner);
    }
  }
  return rows;
}

/** Width, height and a colour (0xrrggbb) per point of an 8-bit RGB or RGBA picture. */
function decode(png) {
  const chunks = [...chunksOf(png)];
  const header = chunks[0].data;
  const [width, height, depth, kind] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9]];
  const step = { 2: 3, 6: 4 }[kind];
  if (depth !== 8 || step === undefined || header[12] !== 0)
    throw new Error('not a picture as Chromium takes it');
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  const rows = unfilter(inflateSync(packed), height, width * step, step);
  const points = new Uint32Array(width * height);
  for (let at = 0; at < points.length; at += 1) points[at] = rows.readUIntBE(at * step, 3);
  return { width, height, points };
}

/** The commonest colour of each of the commonest shades: plain areas stay exactly as they are. */
function choosePalette(counts) {
  const shades = new Map();
  for (const [colour, count] of counts) {
    const shade = colour & 0xf8f8f8;
    const known = shades.get(shade) ?? { count: 0, colour, most: 0 };
    known.count += count;
    if (count > known.most) Object.assign(known, { colour, most: count });
    shades.set(shade, known);
  }
  const common = [...shades.values()].sort((a, b) => b.count - a.count).slice(0, MOST_COLOURS);
  return common.map(({ colour }) => colour);
}

function nearest(palette, colour) {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  palette.forEach((other, at) => {
    const [red, green, blue] = [16, 8, 0].map(
      (shift) => ((colour >> shift) & 255) - ((other >> shift) & 255),
    );
    const distance = 2 * red * red + 4 * green * green + 3 * blue * blue;
    if (distance < least) [least, best] = [distance, at];
  });
  return best;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** The same picture with at most 256 colours. Throws for a PNG that is not 8-bit RGB or RGBA. */
export function toIndexedPng(png) {
  const { width, height, points } = decode(png);
  const counts = new Map();
  for (const colour of points) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const palette = choosePalette(counts);
  const places = new Map([...counts.keys()].map((colour) => [colour, nearest(palette, colour)]));
  const rows = Buffer.alloc(height * (width + 1));
  points.forEach((colour, at) => {
    rows[at + Math.floor(at / width) + 1] = places.get(colour);
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  const data = deflateSync(rows, { level: 9, memLevel: 9 });
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
