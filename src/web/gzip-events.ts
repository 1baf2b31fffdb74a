import { Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';

/**
 * An event stream, compressed. Each piece is flushed, so that it is shown at once. A small window is enough: what
 * repeats is in the last messages, and hundreds of viewers have one each.
 */
export function gzipEvents(events: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const gzip = createGzip({ level: 3, windowBits: 13, memLevel: 6, flush: constants.Z_SYNC_FLUSH });
  const source = Readable.fromWeb(events as Parameters<typeof Readable.fromWeb>[0]);
  source.on('error', (error) => gzip.destroy(error));
  source.pipe(gzip);
  gzip.on('close', () => source.destroy());
  return Readable.toWeb(gzip) as ReadableStream<Uint8Array>;
}
