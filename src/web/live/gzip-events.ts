import { constants, createGzip } from 'node:zlib';

/** Compresses one event stream. */
export interface EventGzip {
  /** Each piece is flushed, so that it is shown at once. */
  write(bytes: Uint8Array): void;
  /** Bytes that were written and are not compressed yet. */
  readonly waitingBytes: number;
  /** What was written comes still; then `onEnd`. */
  end(): void;
  /** Nothing comes any more. */
  close(): void;
}

/**
 * A small window is enough: what repeats is in the last messages, and hundreds of viewers have one each. One stream of
 * Node.js and no adaptors to and from those of the web, which cost more than the compression.
 */
export function createEventGzip(onBytes: (bytes: Uint8Array) => void, onEnd: () => void): EventGzip {
  const gzip = createGzip({ level: 3, windowBits: 13, memLevel: 6, flush: constants.Z_SYNC_FLUSH });
  gzip.on('data', onBytes);
  gzip.on('end', onEnd);
  gzip.on('error', onEnd);
  return {
    write: (bytes) => void gzip.write(bytes),
    get waitingBytes() {
      return gzip.writableLength;
    },
    end: () => void gzip.end(),
    close: () => void gzip.destroy(),
  };
}
