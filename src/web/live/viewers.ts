import { randomBytes } from 'node:crypto';
import { createEventGzip } from './gzip-events.ts';
import type { Subscription } from './subscription.ts';

/** Open event streams. A viewer that reads too slowly is skipped, and caught up once it has read. */

export interface Viewer {
  /** Names the stream to whoever subscribes for it. */
  readonly stream: string;
  /** The address that it comes from; null where nobody tells. */
  readonly client: string | null;
  /** What it has in sight, and the version up to which it has each. */
  rows: Map<string, number>;
  pages: Map<string, number>;
  outerStructures: Map<string, string>;
  topics: Map<string, number>;
  /** False while more waits for it than it may have: then nothing is sent. */
  send(bytes: Uint8Array): boolean;
  end(): void;
}

export interface Viewers {
  readonly count: number;
  readonly all: ReadonlySet<Viewer>;
  byStream(stream: string): Viewer | undefined;
  open(
    client: string | null,
    isCompressed: boolean,
    opening: (viewer: Viewer) => void,
  ): ReadableStream<Uint8Array>;
  endAll(): void;
}

export interface ViewersOptions {
  /** May wait for one viewer. */
  backlogBytes: number;
  /** A viewer came or went. */
  onChange(viewer: Viewer, isThere: boolean): void;
  /** A viewer that was left out can take more. */
  onRoom(viewer: Viewer): void;
}

/** `backlogBytes`: who has more waiting is left out until it has read. */
export function createViewers({ backlogBytes, onChange, onRoom }: ViewersOptions): Viewers {
  const byStream = new Map<string, Viewer>();
  const all = new Set<Viewer>();

  function remove(viewer: Viewer): void {
    if (!all.delete(viewer)) return;
    byStream.delete(viewer.stream);
    onChange(viewer, false);
  }

  function open(
    client: string | null,
    isCompressed: boolean,
    opening: (viewer: Viewer) => void,
  ): ReadableStream<Uint8Array> {
    let viewer: OpenViewer | null = null;
    return new ReadableStream<Uint8Array>(
      {
        start(controller) {
          viewer = createViewer(client, isCompressed ? compressed(controller) : plain(controller), remove);
          all.add(viewer);
          byStream.set(viewer.stream, viewer);
          onChange(viewer, true);
          opening(viewer);
        },
        pull() {
          if (!viewer?.isBehind) return;
          viewer.isBehind = false;
          onRoom(viewer);
        },
        cancel() {
          if (!viewer) return;
          viewer.forget();
          remove(viewer);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: backlogBytes }),
    );
  }

  return {
    get count() {
      return all.size;
    },
    all,
    byStream: (stream) => byStream.get(stream),
    open,
    endAll() {
      for (const viewer of [...all]) viewer.end();
    },
  };
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

/** Where a viewer's bytes go. */
interface Way {
  /** How many more may wait there. */
  room(): number;
  write(bytes: Uint8Array): void;
  /** What was written comes still. */
  end(): void;
  /** Nobody reads any more. */
  forget(): void;
}

const plain = (controller: Controller): Way => ({
  room: () => controller.desiredSize ?? 0,
  write: (bytes) => controller.enqueue(bytes),
  end: () => controller.close(),
  forget: () => undefined,
});

function compressed(controller: Controller): Way {
  const gzip = createEventGzip(
    (bytes) => controller.enqueue(bytes),
    () => controller.close(),
  );
  return {
    room: () => (controller.desiredSize ?? 0) - gzip.waitingBytes,
    write: gzip.write,
    end: gzip.end,
    forget: gzip.close,
  };
}

type OpenViewer = Viewer & { isBehind: boolean; forget(): void };

function createViewer(client: string | null, way: Way, remove: (viewer: Viewer) => void): OpenViewer {
  const viewer = {
    stream: randomBytes(12).toString('hex'),
    client,
    rows: new Map<string, number>(),
    pages: new Map<string, number>(),
    outerStructures: new Map<string, string>(),
    topics: new Map<string, number>(),
    isBehind: false,
    send(bytes: Uint8Array) {
      viewer.isBehind = way.room() <= 0;
      if (!viewer.isBehind) way.write(bytes);
      return !viewer.isBehind;
    },
    end() {
      remove(viewer);
      way.end();
    },
    forget: way.forget,
  };
  return viewer;
}

/** Who says 0 has nothing of it, whatever was sent; else what is on its way counts as there. */
const keepOrTake = (known: Map<string, number>, asked: ReadonlyMap<string, number>) =>
  new Map(Array.from(asked, ([key, since]) => [key, since === 0 ? 0 : Math.max(known.get(key) ?? 0, since)]));

/** What it has in sight from now on; what it had before it has still. */
export function subscribe(viewer: Viewer, { rows, pages, outerStructures, topics }: Subscription): void {
  viewer.rows = keepOrTake(viewer.rows, rows);
  viewer.pages = keepOrTake(viewer.pages, pages);
  viewer.outerStructures = outerStructures;
  viewer.topics = keepOrTake(viewer.topics, topics);
}
