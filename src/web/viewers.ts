/** Open event streams. A viewer that reads too slowly is skipped, and caught up once it has read. */

export interface Viewer {
  /** The one node it looks at, or null for all. */
  only: string | null;
  /** The last version it was sent. */
  version: number;
  /** Left out since `version`, because too much was waiting for it. */
  behind: boolean;
  send(bytes: Uint8Array): boolean;
  end(): void;
  /** Called once at its going. */
  leave(): void;
}

export interface Viewers {
  readonly count: number;
  readonly all: ReadonlySet<Viewer>;
  /** `catchUp` sends what a viewer missed; it is called whenever a viewer that was left out can take more. */
  open(only: string | null, version: number, catchUp: (viewer: Viewer) => void): ReadableStream<Uint8Array>;
  endAll(): void;
}

export interface ViewersOptions {
  /** May wait for one viewer. */
  backlogBytes: number;
  /** Hears the number of viewers. */
  onChange(count: number): void;
  /** Hears what a viewer looks at, from its coming until the result is called at its going. */
  look(only: string | null): () => void;
}

export function createViewers({ backlogBytes, onChange, look }: ViewersOptions): Viewers {
  const all = new Set<Viewer>();

  function remove(viewer: Viewer): void {
    if (!all.delete(viewer)) return;
    viewer.leave();
    onChange(all.size);
  }

  function open(
    only: string | null,
    version: number,
    catchUp: (viewer: Viewer) => void,
  ): ReadableStream<Uint8Array> {
    let viewer: Viewer | null = null;
    return new ReadableStream<Uint8Array>(
      {
        start(controller) {
          viewer = createViewer(controller, { only, version, leave: look(only), remove });
          all.add(viewer);
          onChange(all.size);
          catchUp(viewer);
        },
        pull() {
          if (viewer?.behind) catchUp(viewer);
        },
        cancel() {
          if (viewer) remove(viewer);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: backlogBytes }),
    );
  }

  function endAll(): void {
    for (const viewer of [...all]) viewer.end();
  }

  return {
    get count() {
      return all.size;
    },
    all,
    open,
    endAll,
  };
}

function createViewer(
  controller: ReadableStreamDefaultController<Uint8Array>,
  given: Pick<Viewer, 'only' | 'version' | 'leave'> & { remove(viewer: Viewer): void },
): Viewer {
  const { remove, ...own } = given;
  const viewer: Viewer = {
    ...own,
    behind: false,
    send(bytes) {
      if ((controller.desiredSize ?? 0) <= 0) return false;
      controller.enqueue(bytes);
      return true;
    },
    end() {
      remove(viewer);
      controller.close();
    },
  };
  return viewer;
}
